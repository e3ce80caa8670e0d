using VLPeft.Models;
using VLPeft.Preprocessing;
using VLPeft.Recipes;
using VLPeft.VisionLanguage;
using static TorchSharp.torch;

namespace VLPeft.Experiments;

/// <summary>The two frozen (or trained) models of a recipe and what prepares their inputs.</summary>
/// <param name="Text">The language model.</param>
/// <param name="Vision">The vision encoder; null when features come from a file, or nothing of a picture is read.</param>
/// <param name="Processor">The encoder's image processor; null without one.</param>
public sealed record VqaBackbones(ITextEncoder Text, IVisionEncoder? Vision, ImageProcessor? Processor)
{
    /// <summary>Loads what a recipe names; fresh weights are drawn by the recipe's seed.</summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="vocabularySize">The tokenizer's size, for a language model that starts at random.</param>
    /// <param name="shapesOnly">No weights, for counting parameters; folders need a config.json only.</param>
    /// <exception cref="InvalidInputException">A folder, configuration or checkpoint is missing or does not fit.</exception>
    public static VqaBackbones Load(Recipe recipe, long? vocabularySize = null, bool shapesOnly = false)
    {
        random.manual_seed(recipe.Seed);
        ITextEncoder text = TextEncoders.FromFolder(recipe.Text.Model!, new BackboneOptions
        {
            Weights = Weights(recipe.Text.Init, shapesOnly),
            Pooler = Pooler(recipe.Text.Readout == ReadoutKind.Pooler, recipe.Text.Pooler),
            Dropout = recipe.Text.BackboneDropout is { } p ? new BackboneDropout(p, p) : null,
            VocabularySize = vocabularySize,
        });
        ImageSideOptions image = ImageOf(recipe);
        if (recipe.Vision.Model is not { } folder || !(image.NeedsPooled || image.NeedsTokens))
            return new VqaBackbones(text, null, null);
        IVisionEncoder vision = VisionEncoders.FromFolder(folder, new BackboneOptions
        {
            Weights = Weights(recipe.Vision.Init, shapesOnly),
            Pooler = Pooler(image.NeedsPooled, recipe.Vision.Pooler),
        });
        return new VqaBackbones(text, vision, ProcessorOf(recipe.Vision, vision));
    }

    /// <summary>How pictures reach the language model in a recipe.</summary>
    public static ImageSideOptions ImageOf(Recipe recipe) =>
        new(recipe.RoutingFeature.Source, recipe.Text.Prefix, recipe.Text.PrefixSource, IsRouted(recipe.Peft));

    private static bool IsRouted(PeftSection peft) => peft.Method is PeftMethod.Lora or PeftMethod.Adapter
        && (Routing.KnownRoutingFunctions.Get(peft.Routing).NeedsFeature || Peft.KnownBottlenecks.Get(peft.Bottleneck).AlwaysUsesFeature);

    private static ImageProcessor ProcessorOf(VisionSection section, IVisionEncoder vision)
    {
        ImageProcessor processor = section.Processor is { } name
            ? ImageProcessor.Known(name, checked((int)vision.ImageSize))
            : ImageProcessor.FromFolder(section.Model!);
        return processor.Height == vision.ImageSize && processor.Width == vision.ImageSize ? processor
            : throw new InvalidInputException($"'{section.Model}': the image processor makes {processor.Width}×{processor.Height} pictures, but the encoder takes {vision.ImageSize}×{vision.ImageSize}.");
    }

    private static BackboneWeights Weights(WeightInitialization init, bool shapesOnly) =>
        shapesOnly ? BackboneWeights.ShapesOnly
        : init == WeightInitialization.Random ? BackboneWeights.Random : BackboneWeights.Checkpoint;

    private static PoolerSource Pooler(bool isRead, PoolerSetting setting) =>
        !isRead ? PoolerSource.None : setting == PoolerSetting.Fresh ? PoolerSource.Fresh : PoolerSource.Checkpoint;
}
