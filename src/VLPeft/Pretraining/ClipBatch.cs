using System.Runtime.InteropServices;
using TorchSharp;
using VLPeft.Data.Batching;
using VLPeft.Data.Scenes;
using static TorchSharp.torch;

namespace VLPeft.Pretraining;

/// <summary>Pictures with a caption each.</summary>
/// <param name="Pixels">(B, 3, 32, 32).</param>
/// <param name="Texts">(B, T).</param>
internal sealed record ClipBatch(Tensor Pixels, PaddedBatch Texts) : IDisposable
{
    public static ClipBatch Of(ScenePretrainingImages images, IReadOnlyList<int[]> captions, ReadOnlySpan<int> indices, int padId)
    {
        Tensor pixels = empty([indices.Length, 3, SceneRenderer.Side, SceneRenderer.Side]);
        images.CopyNormalized(indices, MemoryMarshal.Cast<byte, float>(pixels.bytes));
        return new ClipBatch(pixels, PaddedBatch.Of(captions, indices, padId));
    }

    public void Dispose()
    {
        Pixels.Dispose();
        Texts.Dispose();
    }
}
