using VLPeft.VisionLanguage;
using static TorchSharp.torch;

namespace VLPeft.Experiments;

/// <summary>The pictures of a split's rows (questions, captions): stored features, or pixels for an encoder that trains.</summary>
/// <param name="Stored">Null when nothing stored is read.</param>
/// <param name="Pixels">Null unless the encoder trains.</param>
internal sealed record RowImages(StoredImages? Stored, PixelImages? Pixels)
{
    /// <summary>Those of some rows.</summary>
    public BatchImages Gather(ReadOnlySpan<int> rows)
    {
        (Tensor Pixels, Tensor Index)? pixels = Pixels?.Gather(rows);
        return new BatchImages(Stored?.Gather(rows), pixels?.Pixels, pixels?.Index);
    }
}

/// <summary>The pictures of a batch.</summary>
/// <param name="Features">Stored image features; null when nothing of a picture is read, or the encoder trains.</param>
/// <param name="Pixels">The batch's different pictures (U, C, S, S), for an encoder that trains.</param>
/// <param name="PixelIndex">Which of them is each row's (B).</param>
internal sealed record BatchImages(ImageFeatures? Features, Tensor? Pixels, Tensor? PixelIndex) : IDisposable
{
    /// <summary>What the model reads of them; pixels go through the encoder, with a graph when gradients are on.</summary>
    public ImageFeatures? Encoded(VisionBackbone? vision, ImageSideOptions image)
    {
        if (Pixels is null)
            return Features;
        ImageFeatures unique = vision!.Encode(Pixels, image);
        return new ImageFeatures(unique.Pooled?.index_select(0, PixelIndex!), unique.Tokens?.index_select(0, PixelIndex!), Features?.Noise);
    }

    public void Dispose()
    {
        foreach (Tensor? tensor in new[] { Features?.Pooled, Features?.Tokens, Features?.Noise, Pixels, PixelIndex })
            tensor?.Dispose();
    }
}
