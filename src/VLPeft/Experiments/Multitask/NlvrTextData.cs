using VLPeft.Data;
using VLPeft.Evaluation;
using VLPeft.Recipes;

namespace VLPeft.Experiments;

/// <summary>NLVR2 as text: "true" or "false" of two pictures; accuracy, and consistency over the pairs of a sentence.</summary>
internal sealed class NlvrTextData(DataSection section, long seed) : ITextTaskData
{
    private readonly FileSplits<Nlvr2Example> _splits = new(section, seed, Nlvr2Reader.Read, paths => paths.Nlvr, example => example.LeftId);

    public TextTask Task => TextTask.Nlvr;

    public bool Has(Split split) => _splits.Find(split) is not null;

    public SplitImages Pictures(Split split) =>
        new(split, [.. _splits.Get(split).SelectMany(example => new[] { example.LeftId, example.RightId }).Distinct()], _splits.Images(split));

    public TextRows Rows(Split split)
    {
        IReadOnlyList<Nlvr2Example> examples = _splits.Get(split);
        return examples.FirstOrDefault(example => example.Label is null) is { } without
            ? throw new InvalidInputException($"the {RunFiles.Name(split)} split of nlvr: expected a label for each sentence, {without.Identifier} has none.")
            : Requests(split) with { Target = (row, _) => (TaskPrompts.TruthOf(examples[row].Label!.Value), 1) };
    }

    public TextRows Requests(Split split)
    {
        IReadOnlyList<Nlvr2Example> examples = _splits.Get(split);
        return new TextRows(
            [.. examples.Select(example => TextTasks.Request(TextTask.Nlvr, example.Sentence))],
            [.. examples.SelectMany(example => new[] { example.LeftId, example.RightId })]);
    }

    public TaskScore? Score(Split split, IReadOnlyList<string> said, bool thorough)
    {
        (Nlvr2Example Example, string Said)[] pairs = [.. _splits.Get(split).Zip(said)];
        if (pairs.Any(pair => pair.Example.Label is null))
            return null;
        Nlvr2Score score = Nlvr2Accuracy.Score([.. pairs.Select(pair => new Nlvr2Prediction(pair.Example.Identifier, pair.Example.Label!.Value, Truth(pair.Example, pair.Said)))]);
        return new TaskScore(100 * score.Accuracy, new Dictionary<string, double?> { ["accuracy"] = 100 * score.Accuracy, ["consistency"] = 100 * score.Consistency });
    }

    // NLVR2's own form of predictions.
    public void Write(string path, Split split, IReadOnlyList<string> said) => TaskPredictions.Write(path, _splits.Get(split).Zip(said), (json, pair) =>
    {
        json.WriteString("identifier", pair.First.Identifier);
        json.WriteString("prediction", pair.Second);
    });

    // What is neither word is wrong, whatever the label.
    private static bool Truth(Nlvr2Example example, string said) =>
        said == TaskPrompts.TruthOf(true) || (said != TaskPrompts.TruthOf(false) && !example.Label!.Value);
}
