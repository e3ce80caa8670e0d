using System.Text.Json.Serialization;
using VLPeft.Recipes;

namespace VLPeft.Experiments;

/// <summary>What <c>evaluate --json</c> prints and a run keeps: scores as the official evaluation gives them, 0 … 1 (CIDEr 0 … 10).</summary>
/// <param name="Split">The split's name.</param>
/// <param name="Images">How many pictures.</param>
/// <param name="Checkpoint">Which weights: last, best-loss or best-cider.</param>
/// <param name="Scores">Bleu_1 … Bleu_4, METEOR, ROUGE_L, CIDEr, SPICE, null where one is not available; null without references.</param>
/// <param name="Loss">The mean loss; null without references.</param>
public sealed record CaptionEvaluationReport(
    [property: JsonPropertyName("split")] string Split,
    [property: JsonPropertyName("images")] int Images,
    [property: JsonPropertyName("checkpoint")] string Checkpoint,
    [property: JsonPropertyName("scores")] IReadOnlyDictionary<string, double?>? Scores,
    [property: JsonPropertyName("loss")] double? Loss)
{
    /// <summary>The report of some scores.</summary>
    public static CaptionEvaluationReport Of(Split split, CaptionScores scores, Recipe recipe)
    {
        ArgumentNullException.ThrowIfNull(scores);
        ArgumentNullException.ThrowIfNull(recipe);
        return new CaptionEvaluationReport(
            RunFiles.Name(split), scores.Predictions.Count, RecipeNames.Kebab(recipe.Training.Evaluate.ToString()), scores.Report?.Scores, scores.Loss);
    }
}
