using CsCheck;
using VLPeft.Data;
using Xunit;

namespace VLPeft.Tests.Data;

public sealed class DeterministicRandomTests
{
    [Fact]
    public void Sequence_is_that_of_published_SplitMix64()
    {
        // Vigna's splitmix64.c with x = 1234567.
        ulong[] expected = [6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431, 16408922859458223821];
        var random = new DeterministicRandom(1234567);
        Assert.Equal(expected, expected.Select(_ => random.NextUInt64()).ToArray());
    }

    [Fact]
    public void State_restores_the_sequence()
    {
        var random = new DeterministicRandom(5);
        random.NextGaussian();
        ulong state = random.State;
        double[] first = [random.NextGaussian(), random.NextDouble(), random.NextInt32(10)];
        random.State = state;
        double[] again = [random.NextGaussian(), random.NextDouble(), random.NextInt32(10)];
        Assert.Equal(first, again);
    }

    [Fact]
    public void Streams_differ_by_seed_value_and_order()
    {
        ulong[] mixed =
        [
            DeterministicRandom.Mix(1), DeterministicRandom.Mix(2), DeterministicRandom.Mix(1, 0), DeterministicRandom.Mix(1, 0, 0),
            DeterministicRandom.Mix(1, 0, 1), DeterministicRandom.Mix(1, 1, 0), DeterministicRandom.Mix(0, 1, 1),
        ];
        Assert.Equal(mixed.Length, mixed.Distinct().Count());
        Assert.Equal(DeterministicRandom.ForStream(1, 0, 1).NextUInt64(), new DeterministicRandom(mixed[4]).NextUInt64());
    }

    [Fact]
    public void Whole_numbers_are_uniform()
    {
        var random = new DeterministicRandom(9);
        int[] counts = new int[7];
        for (int i = 0; i < 70_000; i++)
            counts[random.NextInt32(7)]++;
        double chiSquare = counts.Sum(count => (count - 10_000.0) * (count - 10_000.0) / 10_000.0);
        Assert.True(chiSquare < 22.5, $"chi-square {chiSquare} with 6 degrees of freedom"); // p = 0.001
    }

    [Fact]
    public void Numbers_stay_in_their_range() =>
        Gen.Select(Gen.ULong, Gen.Int[-1000, 1000], Gen.Int[1, 100_000]).Sample((seed, from, width) =>
        {
            var random = new DeterministicRandom(seed);
            int whole = random.NextInt32(from, from + width);
            double unit = random.NextDouble();
            return whole >= from && whole < from + width && unit is >= 0 and < 1;
        });

    [Fact]
    public void Gaussian_has_mean_zero_and_variance_one()
    {
        var random = new DeterministicRandom(3);
        double[] values = [.. Enumerable.Range(0, 100_000).Select(_ => random.NextGaussian())];
        Assert.InRange(values.Average(), -0.015, 0.015);
        Assert.InRange(values.Select(v => v * v).Average(), 0.98, 1.02);
    }

    [Fact]
    public void Permutation_has_every_number_once() => Gen.Select(Gen.ULong, Gen.Int[0, 300]).Sample((seed, count) =>
    {
        int[] order = new DeterministicRandom(seed).Permutation(count);
        return order.Order().SequenceEqual(Enumerable.Range(0, count));
    });

    [Fact]
    public void Shuffle_is_uniform_over_orders()
    {
        var random = new DeterministicRandom(11);
        var counts = new Dictionary<string, int>();
        for (int i = 0; i < 24_000; i++)
        {
            string order = string.Concat(random.Permutation(4));
            counts[order] = counts.GetValueOrDefault(order) + 1;
        }
        Assert.Equal(24, counts.Count);
        Assert.True(counts.Values.Sum(c => (c - 1000.0) * (c - 1000.0) / 1000.0) < 49.7, "chi-square, 23 degrees of freedom, p = 0.001");
    }

    [Fact]
    public void Empty_ranges_are_refused()
    {
        var random = new DeterministicRandom(0);
        Assert.Throws<ArgumentOutOfRangeException>(() => random.NextInt32(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => random.NextInt32(3, 3));
        Assert.Throws<ArgumentOutOfRangeException>(() => random.Choose<int>([]));
    }
}
