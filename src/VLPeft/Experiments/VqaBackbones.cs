using VLPeft.Models;
using VLPeft.Recipes;
using static TorchSharp.torch;

namespace VLPeft.Experiments;

/// <summary>The two frozen (or trained) models of a recipe for question answering.</summary>
/// <param name="Text">The language model.</param>
/// <param name="Vision">The vision encoder; null when features come from a file, or nothing of a picture is read.</param>
public sealed record VqaBackbones(ITextEncoder Text, VisionBackbone? Vision)
{
    /// <summary>Loads what a recipe names; fresh weights are drawn by the recipe's seed.</summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="vocabularySize">The tokenizer's size, for a language model that starts at random.</param>
    /// <param name="shapesOnly">No weights, for counting parameters; folders need a config.json only.</param>
    /// <exception cref="InvalidInputException">A folder, configuration or checkpoint is missing or does not fit.</exception>
    public static VqaBackbones Load(Recipe recipe, long? vocabularySize = null, bool shapesOnly = false)
    {
        ArgumentNullException.ThrowIfNull(recipe);
        random.manual_seed(recipe.Seed);
        ITextEncoder text = TextEncoders.FromFolder(recipe.Text.Model!, BackboneSettings.Text(recipe.Text, shapesOnly) with
        {
            Pooler = BackboneSettings.PoolerOf(recipe.Text.Readout == ReadoutKind.Pooler, recipe.Text.Pooler),
            VocabularySize = vocabularySize,
        });
        return new VqaBackbones(text, VisionBackbone.Load(recipe, shapesOnly));
    }
}
