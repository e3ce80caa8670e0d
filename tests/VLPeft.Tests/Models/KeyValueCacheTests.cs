using CsCheck;
using TorchSharp;
using VLPeft.Models;
using Xunit;
using static TorchSharp.torch;

namespace VLPeft.Tests.Models;

public sealed class KeyValueCacheTests
{
    private const int Layers = 2, MaxLength = 8, Width = 3;

    // Against the plain way: every row keeps a tensor of its own, and reordering copies all.
    [Fact]
    public void Appending_and_reordering_do_what_copying_everything_does() =>
        Gen.Select(Gen.Int[1, 4], Gen.Int[0, 1000].Array[8, 8].Array[1, 6]).Sample((rows, moves) =>
        {
            using var scope = NewDisposeScope();
            using KeyValueCache cache = new(Layers, rows, MaxLength, Width);
            Tensor[] expected = [.. Enumerable.Range(0, 2 * Layers).Select(_ => empty(rows, 0, Width))];
            for (int step = 0; step < moves.Length; step++)
            {
                for (int layer = 0; layer < Layers; layer++)
                {
                    Tensor keys = Numbers(cache.Rows, (step * 10) + layer), values = -keys;
                    cache.Append(layer, keys, values);
                    expected[2 * layer] = cat([expected[2 * layer], keys], 1);
                    expected[(2 * layer) + 1] = cat([expected[(2 * layer) + 1], values], 1);
                }
                cache.Advance(1);
                long[] parents = [.. moves[step].Take(1 + (moves[step][0] % 8)).Select(number => number % cache.Rows)];
                cache.Reorder(tensor(parents));
                expected = [.. expected.Select(one => one.index_select(0, tensor(parents)))];
            }
            for (int layer = 0; layer < Layers; layer++)
            {
                (Tensor keys, Tensor values) = cache.Read(layer);
                if (!keys.Equals(expected[2 * layer]) || !values.Equals(expected[(2 * layer) + 1]))
                    return false;
            }
            return true;
        }, iter: 200, threads: 1);

    [Fact]
    public void Rows_that_stay_are_not_copied()
    {
        using var scope = NewDisposeScope();
        using KeyValueCache cache = new(1, 3, 4, Width);
        cache.Append(0, Numbers(3, 0), Numbers(3, 1));
        cache.Advance(1);
        Tensor before = cache.Read(0).Keys;
        cache.Reorder(tensor(new long[] { 0, 0, 2 }));
        Assert.True(before.Equals(cache.Read(0).Keys)); // still a view of the same buffer
        Assert.True(before[1].Equals(before[0]));
    }

    [Fact]
    public void A_common_past_is_not_copied()
    {
        using var scope = NewDisposeScope();
        using KeyValueCache cache = new(1, 1, 4, Width);
        cache.Append(0, Numbers(1, 0), Numbers(1, 1));
        cache.Advance(1);
        cache.Reorder(tensor(new long[] { 0, 0 }));
        cache.Append(0, Numbers(2, 2), Numbers(2, 3));
        cache.Advance(1);
        Tensor keys = cache.Read(0).Keys;
        keys[1, 0].fill_(Scalars.Of(double.NaN)); // would be overwritten by a copy of row 0
        cache.Reorder(tensor(new long[] { 0, 0 }));
        Assert.True(keys[1, 0].isnan().all().ToBoolean());
        Assert.True(keys[1, 1].Equals(keys[0, 1]));
    }

    [Fact]
    public void What_is_no_row_is_refused()
    {
        using var scope = NewDisposeScope();
        using KeyValueCache cache = new(1, 2, 4, Width);
        Assert.Throws<ArgumentException>(() => cache.Reorder(tensor(new long[] { 0, 2 })));
        Assert.Throws<ArgumentException>(() => cache.Reorder(tensor(new long[] { -1 })));
        Assert.Throws<ArgumentException>(() => cache.Reorder(tensor(new[] { 0, 1 })));
        Assert.Throws<ArgumentException>(() => cache.Reorder(zeros(1, 2, ScalarType.Int64)));
        Assert.Throws<ArgumentException>(() => cache.Reorder(zeros(0, ScalarType.Int64)));
        Assert.Equal(2, cache.Rows);
    }

    private static Tensor Numbers(long rows, int seed) =>
        arange(Scalars.Of(rows * Width), ScalarType.Float32).Plus(1 + (100 * seed)).reshape(rows, 1, Width);
}
