
namespace VLPeft.Cli;

/// <summary>The studies that come with the program, in the folder beside the recipes.</summary>
internal static class ShippedStudies
{
    private static string? Folder { get; } = ShippedRecipes.Folder is { } recipes ? Path.Combine(Path.GetDirectoryName(recipes)!, "studies") : null;

    /// <summary>Their names.</summary>
    public static IReadOnlyList<string> Names => Directory.Exists(Folder)
        ? [.. Directory.EnumerateFiles(Folder, "*.yaml").Select(path => Path.GetFileNameWithoutExtension(path)).Order(StringComparer.Ordinal)]
        : [];

    /// <summary>A file as the user named it, or the shipped study of that name.</summary>
    /// <exception cref="InvalidInputException">There is neither.</exception>
    public static string Resolve(string name)
    {
        if (File.Exists(name))
            return name;
        string? shipped = Folder is null ? null : Path.Combine(Folder, name.EndsWith(".yaml", StringComparison.Ordinal) ? name : name + ".yaml");
        return File.Exists(shipped) ? shipped
            : throw new InvalidInputException($"study '{name}': there is neither a file nor a shipped study of that name; shipped are {string.Join(", ", Names)}.");
    }
}
