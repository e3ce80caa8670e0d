using VLPeft.Models;
using VLPeft.Recipes;
using static TorchSharp.torch;

namespace VLPeft.Experiments;

/// <summary>The frozen (or trained) models of a recipe for several tasks.</summary>
/// <param name="Text">The encoder-decoder.</param>
/// <param name="Vision">The vision encoder; null when all features come from files.</param>
public sealed record MultitaskBackbones(IEncoderDecoder Text, VisionBackbone? Vision)
{
    /// <summary>Loads what a recipe names; fresh weights are drawn by the recipe's seed.</summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="shapesOnly">No weights, for counting parameters; folders need a config.json only.</param>
    /// <exception cref="InvalidInputException">A folder, configuration or checkpoint is missing or does not fit.</exception>
    public static MultitaskBackbones Load(Recipe recipe, bool shapesOnly = false)
    {
        ArgumentNullException.ThrowIfNull(recipe);
        random.manual_seed(recipe.Seed);
        IEncoderDecoder text = EncoderDecoders.FromFolder(recipe.Text.Model!, BackboneSettings.Text(recipe.Text, shapesOnly));
        return new MultitaskBackbones(text, VisionBackbone.Load(recipe, shapesOnly));
    }
}
