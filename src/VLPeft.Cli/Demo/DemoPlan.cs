using VLPeft.Cli.Workers;
using VLPeft.Experiments;
using VLPeft.Recipes;
using VLPeft.Routing;

namespace VLPeft.Cli.Demo;

/// <summary>One run of the demo.</summary>
/// <param name="Variant">A routing function's name, or a control's.</param>
/// <param name="Seed">The seed.</param>
/// <param name="Job">What a worker does.</param>
internal sealed record DemoRun(string Variant, long Seed, Job Job)
{
    public RunFiles Files => new(Job.Output);
}

/// <summary>Every run of the demo: the routing functions and the controls, seed by seed.</summary>
internal static class DemoPlan
{
    public const string TextOnly = "text-only";
    public const string Shuffled = "shuffled-images";
    public const string Blind = "blind";

    public static IReadOnlyList<string> Variants { get; } = [.. KnownRoutingFunctions.Paper.Select(function => function.Name)];

    public static IReadOnlyList<string> Controls { get; } = [TextOnly, Shuffled];

    /// <summary>Captioning: every routing function, and one run that sees no picture.</summary>
    public static IReadOnlyList<DemoRun> OfCaptions(DemoOptions options) =>
    [
        .. from seed in Enumerable.Range(0, options.Seeds)
           from variant in Variants
           select Caption(options, variant, variant, seed),
        Caption(options, Blind, "none", 0, "routing-feature.source=zeros"),
    ];

    /// <summary>The methods that plain LoRA is compared with in the second table of several tasks.</summary>
    public static IReadOnlyList<string> Rivals { get; } = ["adapter", "bitfit", "layernorm", "ia3", "prompt", "prefix", "compacter", "dora", "rslora", "full"];

    /// <summary>Several tasks: every routing function, and the rivals if they are wanted.</summary>
    public static IReadOnlyList<DemoRun> OfSeveralTasks(DemoOptions options) =>
    [
        .. from seed in Enumerable.Range(0, options.Seeds)
           from variant in options.Rivals ? Variants.Concat(Rivals) : Variants
           select new DemoRun(variant, seed, new Job(
               RecipeFile(Variants.Contains(variant) ? $"multitask-{variant}" : $"multitask-rivals/{variant}"), Overrides(options, seed), RunFolder(options, variant, seed), Split.Test)),
    ];

    private static string RunFolder(DemoOptions options, string name, int seed) => Path.Combine(Path.GetFullPath(options.Output), "runs", $"{name}-{seed}");

    private static DemoRun Caption(DemoOptions options, string name, string variant, int seed, params string[] more) => new(
        name, seed, new Job(RecipeFile($"captions-{variant}"), [.. Overrides(options, seed), .. more], RunFolder(options, name, seed), Split.Test));

    public static IReadOnlyList<DemoRun> Of(DemoOptions options) =>
    [
        .. from seed in Enumerable.Range(0, options.Seeds)
           from variant in Variants.Concat(Controls)
           select new DemoRun(variant, seed, new Job(RecipeFile(variant), Overrides(options, seed), RunFolder(options, variant, seed), Split.Test)),
    ];

    public static Recipe RecipeOf(DemoRun run) => Recipe.Load(run.Job.Recipe, run.Job.Overrides);

    private static string RecipeFile(string variant) => ShippedRecipes.Folder is { } folder
        ? Path.Combine(folder, "demo", $"{variant}.yaml")
        : throw new InvalidInputException("the shipped recipes are not found; VLPEFT_RECIPES names their folder.");

    private static string[] Overrides(DemoOptions options, int seed) =>
    [
        $"data.folder={Path.Combine(Path.GetFullPath(options.Output), "data")}",
        $"vision.cache={Path.Combine(Path.GetFullPath(options.Output), "features")}",
        .. options.Set,
        $"seed={seed}",
    ];
}
