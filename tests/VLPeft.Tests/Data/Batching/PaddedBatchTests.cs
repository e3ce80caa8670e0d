using CsCheck;
using TorchSharp;
using VLPeft.Data.Batching;
using Xunit;
using static TorchSharp.torch;

namespace VLPeft.Tests.Data.Batching;

public sealed class PaddedBatchTests
{
    public PaddedBatchTests() => set_num_threads(1);

    [Fact]
    public void Sequences_are_padded_to_the_longest()
    {
        using PaddedBatch batch = PaddedBatch.Of([[5, 6, 7], [8], [9, 10]], padId: 1);
        Assert.Equal(ScalarType.Int64, batch.Ids.dtype);
        Assert.Equal(ScalarType.Int64, batch.Mask.dtype);
        Assert.Equal([3, 3], batch.Ids.shape);
        Assert.Equal([5, 6, 7, 8, 1, 1, 9, 10, 1], batch.Ids.data<long>().ToArray());
        Assert.Equal([1, 1, 1, 1, 0, 0, 1, 1, 0], batch.Mask.data<long>().ToArray());
    }

    [Fact]
    public void Any_batch_of_a_plan_is_what_padding_one_by_one_gives() =>
        Gen.Select(Gen.Int[0, 50_000].Array[0, 9].Array[1, 20], Gen.Int[0, 12], Gen.Int[-2, 3]).Sample((sequences, minimum, pad) =>
        {
            int[] picked = [.. Enumerable.Range(0, sequences.Length).Reverse().Where(i => i % 3 != 1)];
            using PaddedBatch batch = PaddedBatch.Of(sequences, picked, pad, minimum);
            int longest = Math.Max(minimum, picked.Max(i => sequences[i].Length));
            long[] ids = [.. picked.SelectMany(i =>
                Enumerable.Range(0, longest).Select(t => t < sequences[i].Length ? (long)sequences[i][t] : pad))];
            long[] mask = [.. picked.SelectMany(i => Enumerable.Range(0, longest).Select(t => t < sequences[i].Length ? 1L : 0))];
            return batch.HasPadding == mask.Contains(0)
                && batch.Ids.shape.SequenceEqual([picked.Length, longest]) && batch.Mask.shape.SequenceEqual([picked.Length, longest])
                && Values(batch.Ids).SequenceEqual(ids) && Values(batch.Mask).SequenceEqual(mask);
        });

    [Fact]
    public void A_batch_without_examples_or_tokens_is_empty()
    {
        using PaddedBatch none = PaddedBatch.Of([], padId: 0), blank = PaddedBatch.Of([[], []], padId: 0);
        Assert.Equal([0, 0], none.Ids.shape);
        Assert.Equal([2, 0], blank.Mask.shape);
        Assert.False(none.HasPadding || blank.HasPadding);
    }

    [Fact]
    public void Disposing_frees_both()
    {
        long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        PaddedBatch.Of([[1]], padId: 0).Dispose();
        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    // TorchSharp's accessor can't take an empty tensor.
    private static long[] Values(Tensor tensor) => tensor.NumberOfElements == 0 ? [] : tensor.data<long>().ToArray();
}
