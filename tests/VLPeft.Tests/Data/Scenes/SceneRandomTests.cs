using VLPeft.Data.Scenes;
using Xunit;

namespace VLPeft.Tests.Data.Scenes;

public class SceneRandomTests
{
    [Fact]
    public void Mix_is_SplitMix64s()
    {
        // The first three outputs of the authors' splitmix64.c from state 0.
        const ulong increment = 0x9E3779B97F4A7C15;
        Assert.Equal(0xE220A8397B1DCDAFUL, SceneRandom.Mix(increment));
        Assert.Equal(0x6E789E6AA1B965F4UL, SceneRandom.Mix(unchecked(2 * increment)));
        Assert.Equal(0x06C45D188009454FUL, SceneRandom.Mix(unchecked(3 * increment)));
    }

    [Fact]
    public void Streams_repeat_and_differ_by_seed_and_number()
    {
        static ulong[] Bits(ulong seed, ulong stream)
        {
            var random = new SceneRandom(seed, stream);
            return [random.NextBits(), random.NextBits(), random.NextBits()];
        }
        Assert.Equal(Bits(7, 3), Bits(7, 3));
        ulong[] firsts = [.. Enumerable.Range(0, 1000).Select(i => Bits((ulong)(i / 10), (ulong)(i % 10))[0])];
        Assert.Equal(1000, firsts.Distinct().Count());
    }

    [Fact]
    public void Numbers_are_uniform()
    {
        var random = new SceneRandom(1);
        var counts = new int[7];
        for (int i = 0; i < 70_000; i++)
            counts[random.Next(7)]++;
        Assert.All(counts, count => Assert.InRange(count, 9_600, 10_400));
        double[] doubles = [.. Enumerable.Range(0, 100_000).Select(_ => random.NextDouble())];
        Assert.All(doubles, value => Assert.InRange(value, 0, 1 - double.Epsilon));
        Assert.InRange(doubles.Average(), 0.495, 0.505);
        Assert.InRange(Enumerable.Range(0, 100_000).Count(_ => random.NextBool()), 49_300, 50_700);
        Assert.Throws<ArgumentOutOfRangeException>(() => random.Next(0));
    }

    [Fact]
    public void Weights_are_kept_and_zero_is_never_picked()
    {
        var random = new SceneRandom(2);
        var counts = new int[4];
        for (int i = 0; i < 60_000; i++)
            counts[random.PickWeighted([0, 1, 0, 2])]++;
        Assert.Equal(0, counts[0]);
        Assert.InRange(counts[1], 19_400, 20_600);
        Assert.Equal(0, counts[2]);
    }

    [Fact]
    public void Every_order_comes_out_of_a_shuffle()
    {
        var random = new SceneRandom(3);
        var orders = new Dictionary<string, int>();
        for (int i = 0; i < 24_000; i++)
        {
            char[] items = ['a', 'b', 'c', 'd'];
            random.Shuffle<char>(items);
            string order = new(items);
            orders[order] = orders.GetValueOrDefault(order) + 1;
        }
        Assert.Equal(24, orders.Count);
        Assert.All(orders.Values, count => Assert.InRange(count, 850, 1150));
    }
}
