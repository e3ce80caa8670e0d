namespace VLPeft.Cli;

/// <summary>The recipes that come with the program: the checkout's recipes folder, or the one beside the program.</summary>
internal static class ShippedRecipes
{
    /// <summary>The folder, or null when there is none.</summary>
    public static string? Folder { get; } = Find();

    /// <summary>A file as the user named it, or the shipped recipe of that name.</summary>
    public static string Resolve(string name)
    {
        if (File.Exists(name) || Folder is null)
            return name;
        string shipped = Path.Combine(Folder, name.EndsWith(".yaml", StringComparison.Ordinal) ? name : name + ".yaml");
        return File.Exists(shipped) ? shipped : name;
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
