using VLPeft.Models;
using VLPeft.Preprocessing;
using VLPeft.Recipes;
using VLPeft.VisionLanguage;
using static TorchSharp.torch;

namespace VLPeft.Experiments;

/// <summary>A recipe's vision encoder and what prepares its pictures.</summary>
/// <param name="Encoder">The encoder.</param>
/// <param name="Processor">Makes its pixels.</param>
public sealed record VisionBackbone(IVisionEncoder Encoder, ImageProcessor Processor)
{
    /// <summary>Loads what a recipe names; null when features come from a file, or nothing of a picture is read.</summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="shapesOnly">No weights, for counting parameters; the folder needs a config.json only.</param>
    /// <exception cref="InvalidInputException">The folder, its configuration or its checkpoint is missing or does not fit.</exception>
    public static VisionBackbone? Load(Recipe recipe, bool shapesOnly = false)
    {
        ImageSideOptions image = ImageSideOptions.Of(recipe);
        if (recipe.Vision.Model is not { } folder || !(image.NeedsPooled || image.NeedsTokens))
            return null;
        IVisionEncoder encoder = VisionEncoders.FromFolder(folder, new BackboneOptions
        {
            Weights = BackboneSettings.WeightsOf(recipe.Vision.Init, shapesOnly),
            Pooler = BackboneSettings.PoolerOf(image.NeedsPooled, recipe.Vision.Pooler),
        });
        return new VisionBackbone(encoder, ProcessorOf(recipe.Vision, encoder));
    }

    /// <summary>Image features of pixels, with a graph when the encoder trains.</summary>
    /// <param name="pixels">(U, C, S, S).</param>
    /// <param name="image">Which of them are read.</param>
    public ImageFeatures Encode(Tensor pixels, ImageSideOptions image)
    {
        ArgumentNullException.ThrowIfNull(image);
        VisionOutput output = Encoder.Encode(pixels, image.NeedsTokens ? OutputPositions.All : OutputPositions.First);
        return new ImageFeatures(image.NeedsPooled ? output.Pooled!.unsqueeze(1) : null, image.NeedsTokens ? output.LastHiddenState : null);
    }

    private static ImageProcessor ProcessorOf(VisionSection section, IVisionEncoder encoder)
    {
        ImageProcessor processor = section.Processor is { } name
            ? ImageProcessor.Known(name, checked((int)encoder.ImageSize))
            : ImageProcessor.FromFolder(section.Model!);
        return processor.Height == encoder.ImageSize && processor.Width == encoder.ImageSize ? processor
            : throw new InvalidInputException($"'{section.Model}': the image processor makes {processor.Width}×{processor.Height} pictures, but the encoder takes {encoder.ImageSize}×{encoder.ImageSize}.");
    }
}
