using VLPeft.Data;
using VLPeft.Evaluation;
using VLPeft.Evaluation.Captions;
using VLPeft.Experiments;
using VLPeft.Recipes;
using VLPeft.Studies;

namespace VLPeft.Cli.Reports.Runs;

/// <summary>Several tasks at once: the mean of their scores (accuracies in percent, CIDEr × 100), and each task's own.</summary>
internal sealed class MultitaskReportedTask : IReportedTask
{
    public string MetricName => "mean of the tasks' scores";

    public string Unit => "";

    public string GroupName => "task";

    public int Decimals => 1;

    public string ValidationMetric => "mean";

    public SeedResult Result(RunFiles files, Recipe recipe, Split split)
    {
        MultitaskEvaluationReport report = EvaluatedRun.Evaluation<MultitaskEvaluationReport>(files, split);
        double mean = report.Mean ?? throw new InvalidInputException($"run '{files.Folder}': its {RunFiles.Name(split)} split does not tell the answers to score by.");
        var tasks = report.Tasks.Where(one => one.Value.Score is not null).ToDictionary(one => one.Key, one => one.Value.Score!.Value);
        return new SeedResult(recipe.Seed, mean, EvaluatedRun.Curve(files, ValidationMetric), tasks, files.Folder);
    }

    /// <summary>The mean as one item: it is made of different tasks' measures, so an interval can only be one over seeds.</summary>
    public ItemScores Items(RunFiles files, Recipe recipe, Split split) => new([0], [Result(files, recipe, split).Score]);

    public IReadOnlyList<PictureExample> Examples(IReadOnlyList<(string Variant, RunFiles Files)> runs, Split split, int pictures)
    {
        Recipe recipe = runs[0].Files.ReadRecipe();
        if (DataOf(recipe, TextTask.Caption) is not { } section || new CaptionData(section, recipe.Seed).Get(split) is not { Images: { } images } data)
            return [];
        var captions = runs.Select(run => (run.Variant, Said: CaptionResultFile.Read(run.Files.Predictions(split, "caption")))).ToList();
        Func<long, IEnumerable<QuestionExample>> questions = Questions(runs, recipe, split);
        return
        [
            .. ExamplePictures.Spread(data.Pictures, pictures).Select(picture => ExamplePictures.Read(
                images.PathOf(picture.ImageId), $"Picture {picture.ImageId}: {picture.Captions.FirstOrDefault("no human caption")}",
                [
                    .. questions(picture.ImageId),
                    new QuestionExample("", string.Join(" · ", picture.Captions),
                        [.. captions.Select(one => new AnswerExample(one.Variant, one.Said[$"{picture.ImageId}"], double.NaN, null))]),
                ])),
        ];
    }

    // One question of question answering about a picture, where that is among the tasks and asks about the same pictures.
    private static Func<long, IEnumerable<QuestionExample>> Questions(IReadOnlyList<(string Variant, RunFiles Files)> runs, Recipe recipe, Split split)
    {
        if (DataOf(recipe, TextTask.Vqa) is not { } section)
            return _ => [];
        var byPicture = new VqaData(section, recipe.Seed).Get(split).Examples.ToLookup(example => example.ImageId);
        var answers = runs.Select(run => (run.Variant, Given: VqaResultFile.Read(run.Files.Predictions(split, "vqa")).ToDictionary(one => one.QuestionId, one => one.Answer))).ToList();
        return picture => VqaReportedTask.Interesting(byPicture[picture], id => answers.Select(one => one.Given[id])).Take(1).Select(question =>
            new QuestionExample(question.Question, VqaReportedTask.Truth(question),
                [.. answers.Select(one => VqaReportedTask.Shown(one.Variant, one.Given[question.QuestionId], double.NaN, question))]));
    }

    /// <summary>A task's own data, or those of all; null when it is not among the recipe's tasks.</summary>
    internal static DataSection? DataOf(Recipe recipe, TextTask task) =>
        recipe.Multitask.Tasks.FirstOrDefault(one => one.Task == task) is { } section ? section.Data ?? recipe.Data : null;
}
