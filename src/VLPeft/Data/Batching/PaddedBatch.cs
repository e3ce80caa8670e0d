using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace VLPeft.Data.Batching;

/// <summary>Token ids of a batch, padded at the end to its longest sequence.</summary>
/// <param name="Ids">(B, T), int64.</param>
/// <param name="Mask">(B, T), int64: 1 for a token, 0 for padding.</param>
/// <param name="HasPadding">False when the mask is all ones, and may be left out: attention without a mask is faster.</param>
public sealed record PaddedBatch(Tensor Ids, Tensor Mask, bool HasPadding) : IDisposable
{
    /// <summary>Pads sequences; T is the longest of them, or <paramref name="minimumLength"/> when that is more.</summary>
    /// <param name="sequences">B sequences of ids.</param>
    /// <param name="padId">Fills the rest.</param>
    /// <param name="minimumLength">For models that want a fixed length.</param>
    /// <returns>Two new tensors of the caller (or of the current dispose scope).</returns>
    public static PaddedBatch Of(IReadOnlyList<int[]> sequences, int padId, int minimumLength = 0)
    {
        int[] all = new int[sequences.Count];
        for (int i = 0; i < all.Length; i++)
            all[i] = i;
        return Of(sequences, all, padId, minimumLength);
    }

    /// <summary>Pads the sequences with the numbers in <paramref name="batch"/> (a batch of a <see cref="BatchPlan"/>).</summary>
    /// <inheritdoc cref="Of(IReadOnlyList{int[]}, int, int)"/>
    public static PaddedBatch Of(IReadOnlyList<int[]> sequences, ReadOnlySpan<int> batch, int padId, int minimumLength = 0)
    {
        int longest = minimumLength, shortest = int.MaxValue;
        foreach (int example in batch)
        {
            longest = Math.Max(longest, sequences[example].Length);
            shortest = Math.Min(shortest, sequences[example].Length);
        }
        Tensor ids = empty([batch.Length, longest], ScalarType.Int64), mask = empty([batch.Length, longest], ScalarType.Int64);
        if (ids.NumberOfElements == 0)
            return new PaddedBatch(ids, mask, HasPadding: false);
        Span<long> idSpan = MemoryMarshal.Cast<byte, long>(ids.bytes), maskSpan = MemoryMarshal.Cast<byte, long>(mask.bytes);
        for (int i = 0; i < batch.Length; i++)
        {
            int[] sequence = sequences[batch[i]];
            Span<long> idRow = idSpan.Slice(i * longest, longest), maskRow = maskSpan.Slice(i * longest, longest);
            for (int t = 0; t < sequence.Length; t++)
                idRow[t] = sequence[t];
            idRow[sequence.Length..].Fill(padId);
            maskRow[..sequence.Length].Fill(1);
            maskRow[sequence.Length..].Clear();
        }
        return new PaddedBatch(ids, mask, HasPadding: shortest < longest);
    }

    /// <summary>Frees both tensors.</summary>
    public void Dispose()
    {
        Ids.Dispose();
        Mask.Dispose();
    }
}
