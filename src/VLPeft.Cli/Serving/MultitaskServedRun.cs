using VLPeft.Cli.Reports.Runs;
using VLPeft.Experiments;
using VLPeft.Recipes;

namespace VLPeft.Cli.Serving;

/// <summary>A run of several tasks.</summary>
internal sealed class MultitaskServedRun(RunFiles files, MultitaskExperiment experiment) : IServedRun
{
    public RunFiles Files => files;

    public Recipe Recipe => experiment.Recipe;

    public ModelThread Model { get; } = new(experiment.Recipe.Name);

    /// <summary>"vqa", "gqa", "nlvr" and "caption", those that a recipe names.</summary>
    public static IReadOnlyList<string> TasksOf(Recipe recipe) => [.. recipe.Multitask.Tasks.Select(one => NameOf(one.Task))];

    /// <summary>A task that the run has learnt.</summary>
    /// <exception cref="InvalidInputException">It has not learnt one of that name, or none is named.</exception>
    public TextTask TaskNamed(string? name) => Recipe.Multitask.Tasks.FirstOrDefault(one => NameOf(one.Task) == name)?.Task
        ?? throw new InvalidInputException($"task: expected one that the run has learnt ({string.Join(", ", TasksOf(Recipe))}), got {(name is null ? "none" : $"'{name}'")}.");

    /// <param name="task">One of the run's tasks.</param>
    /// <param name="text">The question or statement; empty for a caption.</param>
    /// <param name="pictures">One; left and right for a statement.</param>
    /// <param name="cancellation">Looked at before every word.</param>
    public string Say(TextTask task, string text, IReadOnlyList<ServedPicture> pictures, CancellationToken cancellation)
    {
        PictureForRun[] named = [.. pictures.Select(picture => PictureForRun.Of(this, picture))];
        return experiment.Say(
            task, text, [.. named.Select(one => one.File).OfType<string>()], [.. named.Select(one => one.Id).OfType<long>()], cancellation);
    }

    /// <summary>Pictures of its question answering and its captions; gqa and nlvr alone give none.</summary>
    public IReadOnlyList<ServedPicture> Samples(int count) =>
    [
        .. MultitaskReportedTask.DataOf(Recipe, TextTask.Vqa) is { } questions ? SamplePictures.Of(new VqaData(questions, Recipe.Seed), Recipe with { Data = questions }, count) : [],
        .. MultitaskReportedTask.DataOf(Recipe, TextTask.Caption) is { } captions ? SamplePictures.Of(new CaptionData(captions, Recipe.Seed), Recipe with { Data = captions }, count) : [],
    ];

    public void Dispose()
    {
        Model.Dispose();
        experiment.Dispose();
    }

    private static string NameOf(TextTask task) => task.ToString().ToLowerInvariant();
}
