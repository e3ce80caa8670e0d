using System.Collections;
using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;
using YamlDotNet.RepresentationModel;

namespace VLPeft.Recipes;

/// <summary>Puts a YAML tree into typed sections, strictly: an unknown key or a value of another type is an error with file and line.</summary>
internal sealed partial class RecipeBinder(RecipeTree tree)
{
    public T Bind<T>() where T : new() => (T)BindSection(tree.Root, typeof(T), "");

    private object BindSection(YamlNode node, Type type, string prefix)
    {
        object section = Activator.CreateInstance(type)!;
        if (IsNull(node))
            return section;
        if (node is not YamlMappingNode mapping)
            throw Error(node, prefix.TrimEnd('.'), "keys and values", node);
        var keys = RecipeNames.KeysOf(type);
        foreach ((YamlNode keyNode, YamlNode value) in mapping.Children)
        {
            string key = keyNode is YamlScalarNode { Value: { } text } ? text : keyNode.ToString();
            PropertyInfo property = keys.FirstOrDefault(one => one.Key == key).Property
                ?? throw new InvalidInputException($"{tree.Where(keyNode)}: unknown key '{prefix}{key}'; {RecipeNames.Suggest(key, keys.Select(one => one.Key))}");
            if (IsNull(value) && !RecipeNames.IsSection(property.PropertyType))
                property.SetValue(section, property.GetValue(Activator.CreateInstance(type))); // an explicit null takes an inherited value back
            else
                property.SetValue(section, BindValue(value, property.PropertyType, $"{prefix}{key}", property.IsDefined(typeof(RecipePathAttribute))));
        }
        return section;
    }

    private object BindValue(YamlNode node, Type type, string key, bool isPath)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        if (RecipeNames.IsSection(type))
            return BindSection(node, type, key + ".");
        if (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IReadOnlyList<>))
            return BindList(node, type.GetGenericArguments()[0], key, isPath);
        if (node is not YamlScalarNode { Value: { } text } scalar)
            throw Error(node, key, Expected(type), node);
        if (type == typeof(string))
            return isPath ? ResolvePath(scalar, text) : Expand(scalar, text);
        return BindScalar(scalar, Expand(scalar, text), type) ?? throw Error(node, key, Expected(type), node);
    }

    private IList BindList(YamlNode node, Type item, string key, bool isPath)
    {
        IEnumerable<YamlNode> nodes = node switch
        {
            YamlSequenceNode sequence => sequence.Children,
            YamlScalarNode => [node], // one value stands for a list of one
            _ => throw Error(node, key, $"a list of {Expected(item)}", node),
        };
        var list = (IList)Activator.CreateInstance(typeof(List<>).MakeGenericType(item))!;
        foreach (YamlNode one in nodes)
            list.Add(BindValue(one, item, key, isPath));
        return list;
    }

    private static object? BindScalar(YamlScalarNode scalar, string text, Type type)
    {
        if (type == typeof(bool))
            return text switch { "true" => true, "false" => false, _ => null };
        if (type == typeof(int))
            return int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int whole) ? whole : null;
        if (type == typeof(long))
            return long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long large) ? large : null;
        if (type == typeof(double))
            return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double real) && double.IsFinite(real) ? real : null;
        if (type.IsEnum)
            return Enum.GetNames(type).FirstOrDefault(name => RecipeNames.Kebab(name) == text) is { } name ? Enum.Parse(type, name) : null;
        throw new NotSupportedException($"recipes have no values of type {type} ({scalar}).");
    }

    private string ResolvePath(YamlScalarNode node, string text) => Path.GetFullPath(Expand(node, text), tree.FolderOf(node));

    private string Expand(YamlScalarNode node, string text) => Variable().Replace(text, match =>
        Environment.GetEnvironmentVariable(match.Groups[1].Value) is { Length: > 0 } value ? value
        : match.Groups[2].Success ? match.Groups[3].Value
        : throw new InvalidInputException($"{tree.Where(node)}: '{text}' needs the environment variable {match.Groups[1].Value}, which is not set."));

    private InvalidInputException Error(YamlNode node, string key, string expected, YamlNode got)
    {
        string shown = got switch
        {
            YamlScalarNode scalar => $"'{scalar.Value}'",
            YamlSequenceNode => "a list",
            _ => "keys and values",
        };
        return new InvalidInputException($"{tree.Where(node)}: {(key.Length == 0 ? "recipe" : key)}: expected {expected}, got {shown}.");
    }

    private static string Expected(Type type) =>
        type == typeof(bool) ? "true or false"
        : type == typeof(int) || type == typeof(long) ? "a whole number"
        : type == typeof(double) ? "a number"
        : type.IsEnum ? $"one of {string.Join(", ", Enum.GetNames(type).Select(RecipeNames.Kebab))}"
        : "text";

    private static bool IsNull(YamlNode node) =>
        node is YamlScalarNode { Style: YamlDotNet.Core.ScalarStyle.Plain, Value: null or "" or "~" or "null" };

    [GeneratedRegex(@"\$\{([A-Za-z_][A-Za-z0-9_]*)(:-([^}]*))?\}")]
    private static partial Regex Variable();
}
