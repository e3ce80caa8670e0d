using System.CommandLine;
using VLPeft.Evaluation.Captions;

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

    public static Option<T> Number<T>(string name, string description, T value) => new(name) { Description = description, DefaultValueFactory = _ => value };

    public static Option<string[]> Plugin() => new("--plugin")
    {
        Description = "An assembly with routing functions of your own (public classes that implement IRoutingFunction); may be repeated.",
        HelpName = "file.dll",
    };

    public static Option<string?> MeteorData() => new("--meteor-data")
    {
        Description = "A folder with the official METEOR's meteor-1.5.jar and data/paraphrase-en.gz; without it METEOR is not available.",
        HelpName = "folder",
    };

    public static Option<string?> SpiceJar() => new("--spice-jar")
    {
        Description = "The official spice-1.0.jar; it needs Java. Without it SPICE is not available.",
        HelpName = "file",
    };

    /// <summary>What the two name.</summary>
    public static CaptionScorerOptions Scoring(string? meteorData, string? spiceJar) => new()
    {
        Meteor = meteorData is null ? null : Meteor.Open(meteorData),
        Spice = spiceJar is null ? null : new Spice(spiceJar),
    };

    public static Argument<string> Run() => new("run") { Description = "A run folder, as `vlpeft train` makes it." };

    public static Argument<string> Recipe() => new("recipe")
    {
        Description = "A recipe file, or the name of a shipped one (`vlpeft recipes list`).",
    };
}
