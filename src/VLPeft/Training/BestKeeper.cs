using System.Globalization;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace VLPeft.Training;

/// <summary>
/// Keeps the parameters that are best by each metric, and counts validations without improvement.
/// </summary>
/// <remarks>
/// A best file may be newer than the checkpoint: after a kill the run comes by that validation again, finds the same values and writes
/// the same file.
/// </remarks>
internal sealed class BestKeeper(TrainerOptions options, RunFolder folder, IReadOnlyList<(string Name, Parameter Parameter)> parameters,
    Action<string> at)
{
    /// <summary>Takes note of a validation.</summary>
    /// <returns>The kept metrics that improved.</returns>
    /// <exception cref="InvalidInputException">The metric of early stopping is not reported.</exception>
    public IReadOnlyList<string> Update(EvaluationResult result, TrainingState state)
    {
        var improved = new List<string>();
        foreach (string name in options.KeepBest)
        {
            if (result.Find(name) is not { } metric || !Improves(metric, state.Best.GetValueOrDefault(name)?.Value, 0))
                continue;
            Save(metric, state.Step);
            state.Best[name] = new BestValue(metric.Value, state.Step);
            improved.Add(name);
        }
        if (options.EarlyStopping is { } early)
            Count(early, result, state);
        return improved;
    }

    public bool ShouldStop(TrainingState state) =>
        options.EarlyStopping is { } early && state.ValidationsWithoutImprovement >= early.Patience;

    /// <summary>A resume needs the files its checkpoint speaks of.</summary>
    /// <exception cref="InvalidInputException">One is missing.</exception>
    public void CheckFiles(TrainingState state)
    {
        foreach ((string metric, BestValue best) in state.Best)
        {
            if (!File.Exists(folder.Best(metric)))
                throw new InvalidInputException($"'{folder.Best(metric)}', the best parameters by {metric} (step {best.Step}), is " +
                    "missing, but the checkpoint beside it says it was written. Put it back, or use another output folder.");
        }
    }

    private static void Count(EarlyStopping early, EvaluationResult result, TrainingState state)
    {
        Metric metric = result.Find(early.Metric) ?? throw new InvalidInputException(
            $"Early stopping watches the metric '{early.Metric}', but validation reports " +
            $"{string.Join(", ", result.Metrics.Select(metric => metric.Name))}.");
        if (Improves(metric, state.EarlyStoppingBest, early.MinimumImprovement))
            (state.EarlyStoppingBest, state.ValidationsWithoutImprovement) = (metric.Value, 0);
        else
            state.ValidationsWithoutImprovement++;
    }

    private static bool Improves(Metric metric, double? best, double minimum) =>
        best is { } value ? metric.IsBetterThan(value, minimum) : !double.IsNaN(metric.Value);

    private void Save(Metric metric, long step) => RunFile.Write(folder.Best(metric.Name),
        parameters.Select(item => new KeyValuePair<string, Tensor>(item.Name, item.Parameter)),
        new Dictionary<string, string>
        {
            ["format"] = "pt",
            ["metric"] = metric.Name,
            ["value"] = metric.Value.ToString("R", CultureInfo.InvariantCulture),
            ["step"] = step.ToString(CultureInfo.InvariantCulture),
        }, at);
}
