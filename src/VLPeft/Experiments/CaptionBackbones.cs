using VLPeft.Models;
using VLPeft.Models.Gpt2;
using VLPeft.Recipes;
using static TorchSharp.torch;

namespace VLPeft.Experiments;

/// <summary>The two frozen (or trained) models of a recipe for captioning.</summary>
/// <param name="Text">The language model.</param>
/// <param name="Vision">The vision encoder; null when features come from a file, or nothing of a picture is read.</param>
public sealed record CaptionBackbones(Gpt2Model Text, VisionBackbone? Vision)
{
    /// <summary>Loads what a recipe names; fresh weights are drawn by the recipe's seed.</summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="shapesOnly">No weights, for counting parameters; folders need a config.json only.</param>
    /// <exception cref="InvalidInputException">A folder, configuration or checkpoint is missing or does not fit.</exception>
    public static CaptionBackbones Load(Recipe recipe, bool shapesOnly = false)
    {
        ArgumentNullException.ThrowIfNull(recipe);
        random.manual_seed(recipe.Seed);
        Gpt2Model text = Gpt2Model.FromFolder(recipe.Text.Model!, BackboneSettings.Text(recipe.Text, shapesOnly));
        return new CaptionBackbones(text, VisionBackbone.Load(recipe, shapesOnly));
    }
}
