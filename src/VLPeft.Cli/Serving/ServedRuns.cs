using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http;
using TorchSharp;
using VLPeft.Cli.Reports.Runs;
using VLPeft.Experiments;
using VLPeft.Recipes;

namespace VLPeft.Cli.Serving;

/// <summary>The runs that are served, each under a name that says what sets it apart, and an id for addresses.</summary>
internal sealed partial class ServedRuns : IDisposable
{
    private readonly Dictionary<string, NamedRun> _byId;

    private ServedRuns(IReadOnlyList<NamedRun> all) => (All, _byId) = (all, all.ToDictionary(one => one.Id));

    /// <summary>Question answering first, then captioning, then several tasks; in each the run without routing first.</summary>
    public IReadOnlyList<NamedRun> All { get; }

    /// <summary>Loads runs.</summary>
    /// <exception cref="InvalidInputException">A folder is no run, or has no weights yet, or is there twice.</exception>
    public static ServedRuns Open(IReadOnlyList<string> folders, IRunReporter reporter, CancellationToken cancellation)
    {
        List<IServedRun> open = [];
        try
        {
            foreach (string folder in folders)
                open.Add(Open(folder, reporter, cancellation));
            var named = new List<NamedRun>();
            foreach (IGrouping<RecipeTask, IServedRun> task in open.GroupBy(run => run.Recipe.Task).OrderBy(task => task.Key))
                Name([.. task], named);
            // Each model computes on a thread of its own; together they are to take the processor, not several times over.
            torch.set_num_threads(Math.Max(1, Environment.ProcessorCount / open.Count));
            return new ServedRuns(named);
        }
        catch
        {
            open.ForEach(run => run.Dispose());
            throw;
        }
    }

    /// <exception cref="RefusedException">There is no run of that id.</exception>
    public NamedRun Get(string id) => _byId.GetValueOrDefault(id)
        ?? throw new RefusedException(StatusCodes.Status404NotFound, $"there is no run '{id}'; there are {string.Join(", ", _byId.Keys.Select(one => $"'{one}'"))}.");

    /// <summary>A run of a task.</summary>
    /// <exception cref="RefusedException">There is none of that id, or it does something else.</exception>
    public T Get<T>(string id) where T : class, IServedRun => Get(id).Run as T
        ?? throw new RefusedException(StatusCodes.Status404NotFound, $"the run '{id}' does not do that: it is one of {TaskOf(Get(id).Run.Recipe)}.");

    public void Dispose()
    {
        foreach (NamedRun one in All)
            one.Run.Dispose();
    }

    private static IServedRun Open(string folder, IRunReporter reporter, CancellationToken cancellation)
    {
        var files = new RunFiles(folder);
        Recipe recipe = files.ReadRecipe();
        return recipe.Task switch
        {
            RecipeTask.Vqa => new VqaServedRun(files, VqaRun.Open(folder, reporter, cancellation)),
            RecipeTask.Captioning => new CaptionServedRun(files, CaptionRun.Open(folder, reporter, cancellation)),
            _ => new MultitaskServedRun(files, MultitaskRun.Open(folder, reporter, cancellation)),
        };
    }

    private static string TaskOf(Recipe recipe) => recipe.Values()["task"];

    private static void Name(IServedRun[] runs, List<NamedRun> named)
    {
        foreach ((string variant, IServedRun[] own) in RunVariants.Group(runs, reference: null))
            foreach (IServedRun run in own)
            {
                string name = own.Length == 1 ? variant : $"{variant}, seed {run.Recipe.Seed}";
                named.Add(new NamedRun(FreeId(name, named), name, run));
            }
    }

    private static string FreeId(string name, List<NamedRun> named)
    {
        string id = Separators().Replace(name.ToLowerInvariant(), "-").Trim('-') is { Length: > 0 } plain ? plain : "run";
        return Enumerable.Range(1, named.Count + 1).Select(number => number == 1 ? id : $"{id}-{number}").First(free => named.All(one => one.Id != free));
    }

    [GeneratedRegex("[^a-z0-9]+")]
    private static partial Regex Separators();
}

/// <summary>A served run.</summary>
/// <param name="Id">What the API calls it.</param>
/// <param name="Name">What a reader calls it.</param>
/// <param name="Run">The run.</param>
internal sealed record NamedRun(string Id, string Name, IServedRun Run);
