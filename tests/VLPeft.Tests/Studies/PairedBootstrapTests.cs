using VLPeft.Data;
using VLPeft.Studies;
using Xunit;

namespace VLPeft.Tests.Studies;

/// <summary>The interval has the coverage, the pairing and the clusters that its name promises.</summary>
public sealed class PairedBootstrapTests
{
    private static readonly long[] Pictures = [.. Enumerable.Range(0, 400).Select(item => (long)(item / 4))];

    [Fact]
    public void TheMeanIsThatOfThePairedDifferences()
    {
        var ours = new Dictionary<long, ItemScores> { [0] = Scores(item => item % 5), [2] = Scores(item => item % 3), [7] = Scores(_ => 1e6) };
        var theirs = new Dictionary<long, ItemScores> { [0] = Scores(item => item % 2), [2] = Scores(item => item % 7), [9] = Scores(_ => -1e6) };
        DifferenceInterval difference = PairedBootstrap.Difference(ours, theirs)!;
        double expected = Enumerable.Range(0, 400).Average(item => ((item % 5) - (item % 2) + (item % 3) - (item % 7)) / 2.0);
        Assert.Equal(expected, difference.Mean, 1e-12);
        Assert.Equal(2, difference.Seeds); // only seeds that both have count
        Assert.InRange(difference.Mean, difference.Low, difference.High);
    }

    [Fact]
    public void WhatAllRunsShareDoesNotWiden()
    {
        var random = new Random(1);
        double[] hardness = [.. Enumerable.Range(0, 400).Select(_ => 100 * random.NextDouble())];
        DifferenceInterval difference = PairedBootstrap.Difference(Seeds(item => hardness[item] + 3), Seeds(item => hardness[item]))!;
        Assert.Equal(3, difference.Low, 1e-9);
        Assert.Equal(3, difference.High, 1e-9);
    }

    [Fact]
    public void ItemsOfOnePictureAreDrawnTogether()
    {
        double[] noise = [.. Enumerable.Range(0, 100).Select(picture => Noise(picture, 5))];
        var together = PairedBootstrap.Difference(Seeds(item => noise[item / 4]), Seeds(_ => 0))!;
        var apart = PairedBootstrap.Difference(
            Seeds(item => noise[item / 4], [.. Enumerable.Range(0, 400).Select(item => (long)item)]), Seeds(_ => 0, [.. Enumerable.Range(0, 400).Select(item => (long)item)]))!;
        double ratio = (together.High - together.Low) / (apart.High - apart.Low);
        Assert.InRange(ratio, 1.7, 2.3); // four items that say the same are worth one: √4
    }

    [Fact]
    public void TheIntervalCoversTheTruthAboutAsOftenAsItSays()
    {
        int covered = Enumerable.Range(0, 200).Count(trial =>
        {
            var ours = new Dictionary<long, ItemScores> { [0] = Scores(item => Noise((1000 * trial) + item, 10)) };
            DifferenceInterval difference = PairedBootstrap.Difference(ours, new Dictionary<long, ItemScores> { [0] = Scores(_ => 0) }, draws: 400)!;
            return difference.Low <= 0 && 0 <= difference.High;
        });
        Assert.InRange(covered, 180, 199); // 95 % of 200 is 190
    }

    [Fact]
    public void SeedsThatDisagreeWiden()
    {
        var ours = Enumerable.Range(0, 3).ToDictionary(seed => (long)seed, seed => Scores(_ => 10 * seed));
        DifferenceInterval difference = PairedBootstrap.Difference(ours, Seeds(_ => 0))!;
        Assert.Equal(10, difference.Mean, 1e-9);
        Assert.Equal(0, difference.Low, 1e-9); // one draw in 27 is the lowest seed thrice
        Assert.Equal(20, difference.High, 1e-9);
    }

    [Fact]
    public void NothingInCommonIsNoDifference()
    {
        Assert.Null(PairedBootstrap.Difference(new Dictionary<long, ItemScores> { [0] = Scores(_ => 1) }, new Dictionary<long, ItemScores> { [1] = Scores(_ => 1) }));
        ItemScores other = new([1, 2], [0, 0]);
        Assert.Contains("other test items", Assert.Throws<ArgumentException>(
            () => PairedBootstrap.Difference(Seeds(_ => 1), new Dictionary<long, ItemScores> { [0] = other })).Message, StringComparison.Ordinal);
    }

    private static Dictionary<long, ItemScores> Seeds(Func<int, double> score, long[]? clusters = null) =>
        Enumerable.Range(0, 3).ToDictionary(seed => (long)seed, _ => Scores(score, clusters));

    private static ItemScores Scores(Func<int, double> score, long[]? clusters = null) => new(clusters ?? Pictures, [.. Enumerable.Range(0, 400).Select(score)]);

    // Independent of picture: the clusters' own spread is then that of their items.
    private static double Noise(int item, double width) => width * (DeterministicRandom.ForStream(1, (ulong)item).NextDouble() - 0.5);
}
