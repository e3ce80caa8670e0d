using System.Text.Json.Serialization;
using VLPeft.Evaluation;
using VLPeft.Recipes;

namespace VLPeft.Experiments;

/// <summary>What <c>evaluate --json</c> prints and a run keeps: accuracies in percent, rounded as the official evaluator does.</summary>
/// <param name="Split">The split's name.</param>
/// <param name="Questions">How many questions.</param>
/// <param name="Checkpoint">Which weights: last, best-loss or best-accuracy.</param>
/// <param name="Accuracy">"all", and one entry a question type; null without annotations.</param>
/// <param name="AnswerTypes">One entry an answer type; null without annotations.</param>
/// <param name="Loss">The mean loss; null without annotations.</param>
public sealed record VqaEvaluationReport(
    [property: JsonPropertyName("split")] string Split,
    [property: JsonPropertyName("questions")] int Questions,
    [property: JsonPropertyName("checkpoint")] string Checkpoint,
    [property: JsonPropertyName("accuracy")] IReadOnlyDictionary<string, double>? Accuracy,
    [property: JsonPropertyName("answer_types")] IReadOnlyDictionary<string, double>? AnswerTypes,
    [property: JsonPropertyName("loss")] double? Loss)
{
    /// <summary>The report of some scores.</summary>
    public static VqaEvaluationReport Of(Split split, VqaScores scores, Recipe recipe) => new(
        RunFiles.Name(split),
        scores.Predictions.Count,
        RecipeNames.Kebab(recipe.Training.Evaluate.ToString()),
        scores.Accuracy is { } accuracy ? Accuracies(accuracy) : null,
        scores.Accuracy?.PerAnswerType.Where(one => one.Key.Length > 0).ToDictionary(one => one.Key, one => one.Value.Accuracy),
        scores.Loss);

    private static Dictionary<string, double> Accuracies(VqaAccuracyReport report)
    {
        var all = new Dictionary<string, double> { ["all"] = report.Overall.Accuracy };
        foreach ((string type, VqaScore score) in report.PerQuestionType)
            if (type.Length > 0)
                all[type] = score.Accuracy;
        return all;
    }
}
