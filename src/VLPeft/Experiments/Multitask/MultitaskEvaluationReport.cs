using System.Text.Json.Serialization;

namespace VLPeft.Experiments;

/// <summary>One task of an evaluation.</summary>
/// <param name="Examples">How many answers were given.</param>
/// <param name="Score">The score that stands for the task, in percent (CIDEr × 100); null where the split does not tell the answers.</param>
/// <param name="Metrics">What the task's own evaluation gives: accuracies in percent, captions' scores as the official evaluation has them.</param>
/// <param name="Loss">The mean loss; null where the split does not tell the answers.</param>
public sealed record TaskEvaluation(
    [property: JsonPropertyName("examples")] int Examples,
    [property: JsonPropertyName("score")] double? Score,
    [property: JsonPropertyName("metrics")] IReadOnlyDictionary<string, double?>? Metrics,
    [property: JsonPropertyName("loss")] double? Loss);

/// <summary>What <c>evaluate --json</c> prints and a run keeps.</summary>
/// <param name="Split">The split's name.</param>
/// <param name="Checkpoint">Which weights: last, best-loss or best-mean.</param>
/// <param name="Mean">The mean of the tasks' scores, as published comparisons have it; null when no task has one.</param>
/// <param name="Loss">The mean of the tasks' losses.</param>
/// <param name="Tasks">Each task by its name.</param>
public sealed record MultitaskEvaluationReport(
    [property: JsonPropertyName("split")] string Split,
    [property: JsonPropertyName("checkpoint")] string Checkpoint,
    [property: JsonPropertyName("mean")] double? Mean,
    [property: JsonPropertyName("loss")] double? Loss,
    [property: JsonPropertyName("tasks")] IReadOnlyDictionary<string, TaskEvaluation> Tasks);
