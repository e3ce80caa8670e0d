using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace VLPeft.Recipes;

/// <summary>
/// The YAML behind a recipe: a file, those it <c>extends</c>, and overrides, merged into one tree whose every node knows where it
/// came from, so that errors and relative paths refer to the right file.
/// </summary>
internal sealed class RecipeTree
{
    private const string ExtendsKey = "extends";
    private readonly Dictionary<YamlNode, string> _files = new(ReferenceEqualityComparer.Instance);
    private const string OverrideSource = "--set";

    public YamlMappingNode Root { get; private set; } = [];

    public static RecipeTree Load(string path, IEnumerable<string> overrides)
    {
        var tree = new RecipeTree();
        tree.Root = tree.LoadFile(Path.GetFullPath(path), []);
        foreach (string assignment in overrides)
            tree.Override(assignment);
        return tree;
    }

    public static RecipeTree Parse(string yaml, string path, IEnumerable<string> overrides)
    {
        var tree = new RecipeTree();
        tree.Root = tree.ParseText(yaml, path, []);
        foreach (string assignment in overrides)
            tree.Override(assignment);
        return tree;
    }

    /// <summary>An override alone, as if it stood in a file.</summary>
    public static RecipeTree OfOverride(string assignment, string file)
    {
        var tree = new RecipeTree();
        tree.Override(assignment, file);
        return tree;
    }

    /// <summary>"recipes/x.yaml, line 7", or the override.</summary>
    public string Where(YamlNode node) =>
        _files.TryGetValue(node, out string? file) && !file.StartsWith(OverrideSource, StringComparison.Ordinal)
            ? $"{file}, line {node.Start.Line}"
            : file ?? "recipe";

    /// <summary>The folder that relative paths of a node are relative to.</summary>
    public string FolderOf(YamlNode node) =>
        _files.TryGetValue(node, out string? file) && !file.StartsWith(OverrideSource, StringComparison.Ordinal)
            ? Path.GetDirectoryName(file)!
            : Environment.CurrentDirectory;

    private YamlMappingNode LoadFile(string path, IReadOnlyList<string> above)
    {
        if (above.Contains(path))
            throw new InvalidInputException($"{path}: the recipe extends itself, by way of {string.Join(" → ", above)}.");
        if (!File.Exists(path))
            throw new InvalidInputException(above.Count == 0
                ? $"recipe '{path}' does not exist; `vlpeft recipes list` shows those that are shipped."
                : $"{above[^1]}: it extends '{path}', which does not exist.");
        return ParseText(File.ReadAllText(path), path, above);
    }

    private YamlMappingNode ParseText(string text, string path, IReadOnlyList<string> above)
    {
        YamlMappingNode own = ParseMapping(text, path);
        Remember(own, path);
        if (!own.Children.Remove(new YamlScalarNode(ExtendsKey), out YamlNode? parents))
            return own;
        YamlMappingNode merged = [];
        foreach (YamlNode parent in parents is YamlSequenceNode list ? list.Children : [parents])
        {
            if (parent is not YamlScalarNode { Value: { Length: > 0 } relative })
                throw new InvalidInputException($"{Where(parent)}: {ExtendsKey}: expected a file or a list of files.");
            merged = Merge(merged, LoadFile(Path.GetFullPath(relative, Path.GetDirectoryName(path)!), [.. above, path]));
        }
        return Merge(merged, own);
    }

    private static YamlMappingNode ParseMapping(string text, string path)
    {
        var stream = new YamlStream();
        try
        {
            stream.Load(new StringReader(text));
        }
        catch (YamlException error)
        {
            throw new InvalidInputException($"{path}, line {error.Start.Line}: no valid YAML: {error.Message}", error);
        }
        return stream.Documents.Count switch
        {
            0 => [],
            1 when stream.Documents[0].RootNode is YamlMappingNode mapping => mapping,
            _ => throw new InvalidInputException($"{path}: expected one YAML document with keys and values."),
        };
    }

    /// <summary>Keys of the upper recipe win; mappings are merged, everything else is replaced.</summary>
    private YamlMappingNode Merge(YamlMappingNode lower, YamlMappingNode upper)
    {
        YamlMappingNode merged = [];
        foreach ((YamlNode key, YamlNode value) in lower.Children)
            merged.Children[key] = value;
        foreach ((YamlNode key, YamlNode value) in upper.Children)
        {
            bool both = merged.Children.Remove(key, out YamlNode? under);
            merged.Children[key] = both && under is YamlMappingNode a && value is YamlMappingNode b ? Merge(a, b) : value;
        }
        if (_files.TryGetValue(upper, out string? file) || _files.TryGetValue(lower, out file))
            _files[merged] = file;
        return merged;
    }

    private void Override(string assignment, string? file = null)
    {
        int equals = assignment.IndexOf('=', StringComparison.Ordinal);
        string[] keys = equals < 1 ? [] : assignment[..equals].Trim().Split('.');
        if (keys.Length == 0 || keys.Any(string.IsNullOrWhiteSpace))
            throw new InvalidInputException($"--set {assignment}: expected a key, '=' and a value, for example training.batch-size=32.");
        YamlMappingNode wrapped = ParseMapping($"value: {assignment[(equals + 1)..]}", $"--set {assignment}");
        YamlNode value = wrapped.Children[new YamlScalarNode("value")];
        foreach (string key in keys.Reverse())
            value = new YamlMappingNode(new YamlScalarNode(key), value);
        Remember(value, file ?? $"{OverrideSource} {assignment}");
        Root = Merge(Root, (YamlMappingNode)value);
    }

    private void Remember(YamlNode node, string file)
    {
        _files[node] = file;
        switch (node)
        {
            case YamlMappingNode mapping:
                foreach ((YamlNode key, YamlNode value) in mapping.Children)
                {
                    _files[key] = file;
                    Remember(value, file);
                }
                break;
            case YamlSequenceNode sequence:
                foreach (YamlNode item in sequence.Children)
                    Remember(item, file);
                break;
        }
    }
}
