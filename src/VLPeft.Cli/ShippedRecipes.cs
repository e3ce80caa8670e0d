namespace VLPeft.Cli;

/// <summary>The recipes that come with the program: the checkout's recipes folder, or the one beside the program.</summary>
internal static class ShippedRecipes
{
    /// <summary>The folder, or null when there is none.</summary>
    public static string? Folder { get; } = Find();

    /// <summary>A file as the user named it, or the shipped recipe of that name.</summary>
    /// <exception cref="InvalidInputException">There is neither.</exception>
    public static string Resolve(string name)
    {
        if (File.Exists(name))
            return name;
        if (Directory.Exists(name))
            throw new InvalidInputException($"'{name}' is a folder; expected a recipe, a file or the name of a shipped one.");
        string? shipped = Folder is null ? null : Path.Combine(Folder, name.EndsWith(".yaml", StringComparison.Ordinal) ? name : name + ".yaml");
        return File.Exists(shipped) ? shipped
            : throw new InvalidInputException($"recipe '{name}': there is neither a file nor a shipped recipe of that name; {Nearest(name)}");
    }

    private static string Nearest(string name)
    {
        var distance = new F23.StringSimilarity.Damerau();
        string? nearest = Names.MinBy(one => distance.Distance(name, one));
        return nearest is not null && distance.Distance(name, nearest) <= Math.Max(2, name.Length / 4)
            ? $"did you mean '{nearest}'?"
            : "`vlpeft recipes list` shows those that are shipped.";
    }

    /// <summary>Names of the recipes that can be run; files that start with an underscore are only extended by others.</summary>
    public static IReadOnlyList<string> Names => Folder is null ? [] :
    [
        .. Directory.EnumerateFiles(Folder, "*.yaml", SearchOption.AllDirectories)
            .Where(path => !Path.GetFileName(path).StartsWith('_'))
            .Select(path => Path.ChangeExtension(Path.GetRelativePath(Folder, path), null).Replace('\\', '/'))
            .Order(StringComparer.Ordinal),
    ];

    private static string? Find()
    {
        string? named = Environment.GetEnvironmentVariable("VLPEFT_RECIPES");
        if (!string.IsNullOrEmpty(named))
            return Path.GetFullPath(named);
        for (DirectoryInfo? at = new(AppContext.BaseDirectory); at is not null; at = at.Parent)
            if (File.Exists(Path.Combine(at.FullName, "recipes", "README.md")))
                return Path.Combine(at.FullName, "recipes");
        return null;
    }
}
