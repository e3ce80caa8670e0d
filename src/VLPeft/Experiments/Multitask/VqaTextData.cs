using VLPeft.Data;
using VLPeft.Evaluation;
using VLPeft.Recipes;

namespace VLPeft.Experiments;

/// <summary>VQAv2 as text: an answer drawn from the annotators' by its soft score, which weights its loss; the official accuracy.</summary>
internal sealed class VqaTextData(DataSection section, long seed) : ITextTaskData
{
    private readonly VqaData _data = new(section, seed);

    public TextTask Task => TextTask.Vqa;

    public bool Has(Split split) => _data.Find(split) is not null;

    public SplitImages Pictures(Split split) => _data.Get(split).Pictures;

    public TextRows Rows(Split split)
    {
        var answers = new DrawnAnswers(_data.Get(split).Examples, (ulong)seed);
        return Requests(split) with { Target = split == Split.Train ? answers.Draw : (row, _) => answers.Best(row) };
    }

    public TextRows Requests(Split split)
    {
        IReadOnlyList<VqaExample> examples = _data.Get(split).Examples;
        return new TextRows(
            [.. examples.Select(example => TextTasks.Request(TextTask.Vqa, example.Question))], [.. examples.Select(example => example.ImageId)]);
    }

    public TaskScore? Score(Split split, IReadOnlyList<string> said, bool thorough)
    {
        IReadOnlyList<VqaExample> examples = [.. _data.Get(split).Examples.Take(said.Count)];
        if (examples.Any(example => example.Answers.Count == 0))
            return null;
        VqaAccuracyReport report = VqaAccuracy.Evaluate(examples, [.. Predictions(examples, said)]);
        var metrics = new Dictionary<string, double?> { ["accuracy"] = report.Overall.Accuracy };
        foreach ((string type, VqaScore score) in report.PerAnswerType)
            if (type.Length > 0)
                metrics[type] = score.Accuracy;
        return new TaskScore(report.Overall.Unrounded, metrics);
    }

    public void Write(string path, Split split, IReadOnlyList<string> said) => VqaResultFile.Write(path, Predictions(_data.Get(split).Examples, said));

    private static IEnumerable<VqaPrediction> Predictions(IEnumerable<VqaExample> examples, IReadOnlyList<string> said) =>
        examples.Zip(said, (example, answer) => new VqaPrediction(example.QuestionId, answer));
}
