using System.Runtime.InteropServices;
using TorchSharp;
using VLPeft.Data.Scenes;
using static TorchSharp.torch;

namespace VLPeft.Pretraining;

/// <summary>Pictures with their labels.</summary>
/// <param name="Pixels">(B, 3, 32, 32).</param>
/// <param name="Attributes">(B, A), 0 or 1.</param>
/// <param name="Patches">(B, P, K), int64 classes.</param>
internal sealed record VisionBatch(Tensor Pixels, Tensor Attributes, Tensor Patches) : IDisposable
{
    public static VisionBatch Of(ScenePretrainingImages images, ReadOnlySpan<int> indices)
    {
        int attributeCount = SceneLabels.AttributeNames.Count, labelCount = SceneLabels.PatchCount * SceneLabels.PatchColumns.Count;
        Tensor pixels = empty([indices.Length, 3, SceneRenderer.Side, SceneRenderer.Side]);
        Tensor attributes = empty([indices.Length, attributeCount]);
        Tensor patches = empty([indices.Length, SceneLabels.PatchCount, SceneLabels.PatchColumns.Count], ScalarType.Int64);
        images.CopyNormalized(indices, MemoryMarshal.Cast<byte, float>(pixels.bytes));
        Span<float> attributeSpan = MemoryMarshal.Cast<byte, float>(attributes.bytes);
        Span<long> patchSpan = MemoryMarshal.Cast<byte, long>(patches.bytes);
        for (int i = 0; i < indices.Length; i++)
        {
            images.Attributes.AsSpan(indices[i] * attributeCount, attributeCount).CopyTo(attributeSpan[(i * attributeCount)..]);
            ReadOnlySpan<byte> labels = images.Patches.AsSpan(indices[i] * labelCount, labelCount);
            for (int j = 0; j < labelCount; j++)
                patchSpan[i * labelCount + j] = labels[j];
        }
        return new VisionBatch(pixels, attributes, patches);
    }

    public void Dispose()
    {
        Pixels.Dispose();
        Attributes.Dispose();
        Patches.Dispose();
    }
}
