using System.CommandLine;

namespace VLPeft.Cli.Commands;

/// <summary>Options that several commands have, each made anew.</summary>
internal static class CommonOptions
{
    public static Option<string[]> Set() => new("--set")
    {
        Description = "Override a recipe value, e.g. --set training.batch-size=32; may be repeated.",
        HelpName = "key=value",
    };

    public static Option<bool> Json() => new("--json") { Description = "Print the result as JSON on standard output." };

    public static Option<string[]> Plugin() => new("--plugin")
    {
        Description = "An assembly with routing functions of your own (public classes that implement IRoutingFunction); may be repeated.",
        HelpName = "file.dll",
    };

    public static Argument<string> Run() => new("run") { Description = "A run folder, as `vlpeft train` makes it." };

    public static Argument<string> Recipe() => new("recipe")
    {
        Description = "A recipe file, or the name of a shipped one (`vlpeft recipes list`).",
    };
}
