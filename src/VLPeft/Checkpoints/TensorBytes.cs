using TorchSharp;
using static TorchSharp.torch;

namespace VLPeft.Checkpoints;

/// <summary>The raw bytes of contiguous CPU tensors of any size.</summary>
internal static class TensorBytes
{
    private const int ChunkElements = 1 << 24;                          // a span counts its bytes in 32 bits

    public delegate void Visitor(Span<byte> bytes);

    /// <summary>Hands over the data of <paramref name="tensor"/> in order, in pieces.</summary>
    public static void ForEachChunk(Tensor tensor, Visitor visit)
    {
        using Tensor flat = tensor.view(-1);
        long count = flat.NumberOfElements;
        for (long start = 0; start < count; start += ChunkElements)
        {
            using Tensor chunk = flat.narrow(0, start, Math.Min(ChunkElements, count - start));
            visit(chunk.bytes);
        }
    }
}
