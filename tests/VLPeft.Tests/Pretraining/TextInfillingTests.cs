using VLPeft.Data;
using VLPeft.Pretraining;
using Xunit;

namespace VLPeft.Tests.Pretraining;

public sealed class TextInfillingTests
{
    private const int Mask = 4;

    private static readonly int[] Text = [0, .. Enumerable.Range(10, 40), 2];

    private static readonly int[][] Noisy = [.. Enumerable.Range(0, 2000).Select(seed => Infill(Text, 0.3, (ulong)seed))];

    [Fact]
    public void What_is_left_stands_in_its_order_between_the_special_tokens() => Assert.All(Noisy, noisy =>
    {
        int[] kept = [.. noisy.Where(id => id != Mask)];
        Assert.Equal(40 - 12 + 2, kept.Length); // 30 % of 40 words
        Assert.Equal((0, 2), (noisy[0], noisy[^1]));
        Assert.Equal(kept[1..^1].Order(), kept[1..^1]);
        Assert.Subset(Text.ToHashSet(), kept.ToHashSet());
    });

    // Of Poisson lengths with mean 3, the last cut so that they sum to 12, there are a little more than four.
    [Fact]
    public void A_span_of_any_length_is_one_mask()
    {
        double masks = Noisy.Average(noisy => noisy.Count(id => id == Mask));
        Assert.InRange(masks, 4, 5);
        Assert.Contains(Noisy, noisy => noisy.Count(id => id == Mask) == 2);
    }

    [Fact]
    public void Spans_may_lie_anywhere()
    {
        double[] missing = [.. Enumerable.Range(10, 40).Select(word => Noisy.Average(noisy => noisy.Contains(word) ? 0.0 : 1))];
        Assert.All(missing[1..^1], share => Assert.InRange(share, 0.2, 0.4));
        // A word at an edge is missing only where a span lies at that edge.
        Assert.All((double[])[missing[0], missing[^1]], share => Assert.InRange(share, 0.1, 0.2));
    }

    [Theory]
    [InlineData(new[] { 0, 2 }, new[] { 0, 2 })]
    [InlineData(new[] { 0, 3, 2 }, new[] { 0, 3, 2 })] // an unknown word is no word
    [InlineData(new[] { 7 }, new[] { Mask })]
    public void Texts_of_few_words(int[] text, int[] expected) => Assert.Equal(expected, Infill(text, 0.3, 1).Distinct());

    private static int[] Infill(int[] text, double share, ulong seed) => new TextInfilling(share, SpanLength: 3, Mask, FirstWord: 5).Apply(text, new DeterministicRandom(seed));
}
