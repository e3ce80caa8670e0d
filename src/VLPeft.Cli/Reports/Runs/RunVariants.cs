using VLPeft.Experiments;
using VLPeft.Recipes;

namespace VLPeft.Cli.Reports.Runs;

/// <summary>A run that is compared with others.</summary>
internal interface IComparedRun
{
    /// <summary>Its folder.</summary>
    RunFiles Files { get; }

    /// <summary>Its recipe.</summary>
    Recipe Recipe { get; }
}

/// <summary>
/// Runs put together to variants: those whose recipes differ in nothing but the seed are one, and a variant is called by what sets it apart
/// from the others.
/// </summary>
internal static class RunVariants
{
    private static readonly string[] Names = ["name", "description", "seed"];

    // Where a run reads and keeps its files says nothing about what it is.
    private static readonly string[] Places = ["vision.cache", "training.threads"];

    /// <summary>The variants with their runs; the reference first, then in the order of the folders given.</summary>
    /// <param name="runs">The runs, of one task.</param>
    /// <param name="reference">The name of the variant that the others are compared with; null for plain LoRA or Adapter, or else the first.</param>
    /// <exception cref="InvalidInputException">Runs of several tasks, a seed twice in a variant, or no variant of the reference's name.</exception>
    public static IReadOnlyList<(string Name, T[] Runs)> Group<T>(IReadOnlyList<T> runs, string? reference) where T : class, IComparedRun
    {
        if (runs.FirstOrDefault(run => run.Recipe.Task != runs[0].Recipe.Task) is { } other)
            throw new InvalidInputException($"'{runs[0].Files.Folder}' and '{other.Files.Folder}' are runs of different tasks; a report compares runs of one.");
        var values = runs.ToDictionary(run => run, run => Compared(run.Recipe));
        string[] keys = Differing([.. values.Values]);
        T[][] groups = [.. runs.GroupBy(run => string.Join('\n', keys.Select(key => Value(values[run], key)))).Select(group => group.ToArray())];
        var named = groups.Select(group => (Name: NameOf(group[0], values[group[0]], keys), Runs: group)).ToList();
        foreach ((string name, T[] own) in named)
            RequireSeedsOnce(name, own);
        int first = reference is null
            ? Math.Max(0, named.FindIndex(one => one.Runs[0].Recipe.Peft.Routing == "none"))
            : named.FindIndex(one => one.Name == reference);
        return first < 0
            ? throw new InvalidInputException($"--reference: there is no variant '{reference}'; there are {string.Join(", ", named.Select(one => $"'{one.Name}'"))}.")
            : [named[first], .. named.Where((_, index) => index != first)];
    }

    /// <summary>What all recipes have in common and a reader wants to know: every value that is not the default.</summary>
    public static IReadOnlyList<(string Key, string Value)> Common(IReadOnlyList<EvaluatedRun> runs)
    {
        IReadOnlyDictionary<string, string> defaults = new Recipe { Task = runs[0].Recipe.Task }.Values();
        var values = runs.Select(run => Compared(run.Recipe)).ToList();
        HashSet<string> differing = [.. Differing(values)];
        return
        [
            .. values[0].Where(one => !differing.Contains(one.Key) && (one.Key == "task" || defaults.GetValueOrDefault(one.Key) != one.Value)).Select(one => (one.Key, one.Value)),
        ];
    }

    private static Dictionary<string, string> Compared(Recipe recipe) => recipe.Values()
        .Where(one => !Names.Contains(one.Key) && !Places.Contains(one.Key)).ToDictionary(one => one.Key, one => one.Value);

    private static string[] Differing(IReadOnlyList<Dictionary<string, string>> all) =>
    [
        .. all.SelectMany(values => values.Keys).Distinct().Where(key => all.Select(values => Value(values, key)).Distinct().Count() > 1),
    ];

    private static string Value(Dictionary<string, string> values, string key) => values.GetValueOrDefault(key, "");

    // The value alone where one key makes the difference, as "multiply"; else with the last part of the key.
    private static string NameOf(IComparedRun run, Dictionary<string, string> values, string[] keys) => keys switch
    {
        [] => run.Recipe.Name,
        [string only] => Shown(only, values),
        _ => string.Join(", ", keys.Select(key => key == "peft.routing" ? Shown(key, values) : $"{key[(key.LastIndexOf('.') + 1)..]} {Shown(key, values)}")),
    };

    private static string Shown(string key, Dictionary<string, string> values) => Value(values, key) is { Length: > 0 } value ? value : "default";

    private static void RequireSeedsOnce(string name, IComparedRun[] runs)
    {
        if (runs.GroupBy(run => run.Recipe.Seed).FirstOrDefault(group => group.Count() > 1) is { } twice)
            throw new InvalidInputException($"variant '{name}' has seed {twice.Key} twice: {string.Join(" and ", twice.Select(run => $"'{run.Files.Folder}'"))}.");
    }
}
