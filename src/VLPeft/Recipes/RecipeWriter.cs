using System.Collections;
using System.Globalization;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace VLPeft.Recipes;

/// <summary>A recipe as YAML with every value spelled out: what is saved with a run, and loads again.</summary>
internal static class RecipeWriter
{
    public static string Write(object recipe)
    {
        using var text = new StringWriter { NewLine = "\n" };
        new YamlStream(new YamlDocument(Section(recipe))).Save(text, assignAnchors: false);
        return text.ToString().Replace("\r\n", "\n", StringComparison.Ordinal).TrimEnd().TrimEnd('.').TrimEnd() + "\n";
    }

    /// <summary>The same values by their dotted keys, as <c>training.batch-size</c>.</summary>
    public static OrderedDictionary<string, string> Flat(object recipe)
    {
        OrderedDictionary<string, string> values = new(StringComparer.Ordinal);
        Flatten(Section(recipe), "", values);
        return values;
    }

    private static void Flatten(YamlMappingNode section, string prefix, OrderedDictionary<string, string> values)
    {
        foreach ((YamlNode key, YamlNode value) in section.Children)
        {
            string name = $"{prefix}{key}";
            if (value is YamlMappingNode inner)
                Flatten(inner, $"{name}.", values);
            else
                values[name] = value is YamlSequenceNode list ? string.Join(", ", list.Children) : $"{value}";
        }
    }

    private static YamlMappingNode Section(object section)
    {
        YamlMappingNode node = [];
        foreach ((string key, var property) in RecipeNames.KeysOf(section.GetType()))
            if (property.GetValue(section) is { } value)
                node.Add(key, Value(value));
        return node;
    }

    private static YamlNode Value(object value) => value switch
    {
        string text => new YamlScalarNode(text) { Style = ScalarStyle.DoubleQuoted },
        bool flag => new YamlScalarNode(flag ? "true" : "false"),
        Enum name => new YamlScalarNode(RecipeNames.Kebab(name.ToString())),
        double number => new YamlScalarNode(number.ToString("R", CultureInfo.InvariantCulture)),
        IFormattable number => new YamlScalarNode(number.ToString(null, CultureInfo.InvariantCulture)),
        IEnumerable list => new YamlSequenceNode(list.Cast<object>().Select(Value)),
        _ => Section(value),
    };
}
