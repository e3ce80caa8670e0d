using VLPeft.Data;
using VLPeft.Evaluation;
using VLPeft.Recipes;

namespace VLPeft.Experiments;

/// <summary>GQA as text: the one answer, and the share of answers that equal it to the character.</summary>
internal sealed class GqaTextData(DataSection section, long seed) : ITextTaskData
{
    private readonly FileSplits<GqaExample> _splits = new(section, seed, GqaReader.Read, paths => paths.Gqa, example => example.ImageId);

    public TextTask Task => TextTask.Gqa;

    public bool Has(Split split) => _splits.Find(split) is not null;

    public SplitImages Pictures(Split split) =>
        new(split, [.. _splits.Get(split).Select(example => example.ImageId).Distinct()], _splits.Images(split));

    public TextRows Rows(Split split)
    {
        IReadOnlyList<GqaExample> examples = _splits.Get(split);
        return examples.FirstOrDefault(example => example.Answer.Length == 0) is { } without
            ? throw new InvalidInputException($"the {RunFiles.Name(split)} split of gqa: expected an answer to each question, {without.QuestionId} has none.")
            : Requests(split) with { Target = (row, _) => (examples[row].Answer, 1) };
    }

    public TextRows Requests(Split split)
    {
        IReadOnlyList<GqaExample> examples = _splits.Get(split);
        return new TextRows(
            [.. examples.Select(example => TextTasks.Request(TextTask.Gqa, example.Question))], [.. examples.Select(example => example.ImageId)]);
    }

    public TaskScore? Score(Split split, IReadOnlyList<string> said, bool thorough)
    {
        (GqaExample Example, string Said)[] pairs = [.. _splits.Get(split).Zip(said)];
        if (pairs.Any(pair => pair.Example.Answer.Length == 0))
            return null;
        static double Of(IEnumerable<(GqaExample Example, string Said)> some) => 100 * GqaAccuracy.Score([.. some.Select(pair => (pair.Example.Answer, pair.Said))]);
        var metrics = new Dictionary<string, double?> { ["accuracy"] = Of(pairs) };
        foreach (var type in pairs.GroupBy(pair => pair.Example.Type).Where(type => type.Key.Length > 0))
            metrics[type.Key] = Of(type);
        return new TaskScore(metrics["accuracy"]!.Value, metrics);
    }

    public void Write(string path, Split split, IReadOnlyList<string> said) => TaskPredictions.Write(path, _splits.Get(split).Zip(said), (json, pair) =>
    {
        json.WriteString("questionId", pair.First.QuestionId);
        json.WriteString("prediction", pair.Second);
    });
}
