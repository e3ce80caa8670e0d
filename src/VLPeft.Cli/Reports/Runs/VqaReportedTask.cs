using VLPeft.Data;
using VLPeft.Evaluation;
using VLPeft.Experiments;
using VLPeft.Recipes;
using VLPeft.Studies;

namespace VLPeft.Cli.Reports.Runs;

/// <summary>Question answering: the official accuracy over all questions, and by question type.</summary>
internal sealed class VqaReportedTask : IReportedTask
{
    private const int QuestionsPerPicture = 2;
    private readonly Dictionary<string, VqaSplit> _data = []; // runs that are compared have the same

    public string MetricName => "VQA accuracy";

    public string Unit => "%";

    public string GroupName => "question type";

    public int Decimals => 2;

    public string ValidationMetric => "accuracy";

    public SeedResult Result(RunFiles files, Recipe recipe, Split split)
    {
        IReadOnlyDictionary<string, double> accuracy = EvaluatedRun.Evaluation<VqaEvaluationReport>(files, split).Accuracy
            ?? throw new InvalidInputException($"run '{files.Folder}': its {RunFiles.Name(split)} split has no annotations to score by.");
        var groups = accuracy.Where(one => one.Key != "all").ToDictionary(one => one.Key, one => one.Value);
        return new SeedResult(recipe.Seed, accuracy["all"], EvaluatedRun.Curve(files, ValidationMetric), groups, files.Folder);
    }

    public ItemScores Items(RunFiles files, Recipe recipe, Split split)
    {
        IReadOnlyList<VqaExample> examples = DataOf(recipe, split).Examples;
        var answers = VqaResultFile.Read(files.Predictions(split)).ToDictionary(one => one.QuestionId, one => one.Answer);
        return new ItemScores(
            [.. examples.Select(example => example.ImageId)],
            [.. examples.Select(example => 100 * VqaAccuracy.Score(example.Answers, answers[example.QuestionId]))]);
    }

    public IReadOnlyList<PictureExample> Examples(IReadOnlyList<(string Variant, RunFiles Files)> runs, Split split, int pictures)
    {
        Recipe recipe = runs[0].Files.ReadRecipe();
        VqaSplit data = DataOf(recipe, split);
        if (data.Images is not { } images)
            return [];
        var answers = runs.Select(run => (run.Variant, Given: VqaResultFile.Read(run.Files.Predictions(split)).ToDictionary(one => one.QuestionId, one => one.Answer))).ToList();
        var byPicture = data.Examples.GroupBy(example => example.ImageId).Select(group => group.ToArray()).ToList();
        return
        [
            .. ExamplePictures.Spread(byPicture, pictures).Select(questions => ExamplePictures.Read(
                images.PathOf(questions[0].ImageId), $"Picture {questions[0].ImageId}",
                [.. Interesting(questions, id => answers.Select(one => one.Given[id])).Select(question => new QuestionExample(question.Question, Truth(question),
                    [.. answers.Select(one => Shown(one.Variant, one.Given[question.QuestionId], double.NaN, question))]))])),
        ];
    }

    private VqaSplit DataOf(Recipe recipe, Split split)
    {
        // The seed draws what a training split is limited to.
        IEnumerable<string> values = recipe.Values().Where(one => one.Key.StartsWith("data.", StringComparison.Ordinal)).Select(one => one.Value);
        string key = string.Join('\n', [.. values, $"{split}", split == Split.Train ? $"{recipe.Seed}" : ""]);
        return _data.TryGetValue(key, out VqaSplit? data) ? data : _data[key] = new VqaData(recipe.Data, recipe.Seed).Get(split);
    }

    /// <summary>A picture's questions, those first that are not all answered alike.</summary>
    public static IEnumerable<VqaExample> Interesting(IEnumerable<VqaExample> questions, Func<long, IEnumerable<string>> answers) =>
        questions.OrderByDescending(example => answers(example.QuestionId).Distinct().Count() > 1).Take(QuestionsPerPicture);

    /// <summary>An answer as the page shows it.</summary>
    public static AnswerExample Shown(string variant, string answer, double probability, VqaExample question) =>
        new(variant, answer, probability, question.Answers.Count == 0 ? null : VqaAccuracy.Score(question.Answers, answer) >= 0.5);

    /// <summary>The commonest human answer.</summary>
    public static string Truth(VqaExample example) => example.Answers.GroupBy(answer => answer).MaxBy(group => group.Count())?.Key ?? "not known";
}
