using VLPeft.Data;
using VLPeft.Generation;
using Xunit;

namespace VLPeft.Tests.Generation;

public sealed class TopScoresTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(10)]
    [InlineData(64)]
    public void It_finds_what_sorting_finds(int k)
    {
        var random = new DeterministicRandom(3);
        var top = new TopScores(k);
        for (int length = 0; length < 200; length++)
        {
            // Few different values, so that there are equals; some can't be chosen.
            float[] scores = [.. Enumerable.Range(0, length).Select(_ => random.NextInt32(10) switch { 0 => float.NegativeInfinity, 1 => float.NaN, var one => (float)one })];
            int[] expected = [.. Enumerable.Range(0, length).Where(at => scores[at] >= 0).OrderByDescending(at => scores[at]).Take(k)];
            top.Find(scores);
            Assert.Equal(expected, top.Indices.ToArray());
            Assert.Equal(expected.Select(at => scores[at]), top.Scores.ToArray());
        }
    }

    [Fact]
    public void Rows_are_placed_once_each_and_stay_where_they_can()
    {
        var random = new DeterministicRandom(4);
        for (int trial = 0; trial < 500; trial++)
        {
            int before = 1 + random.NextInt32(12), count = 1 + random.NextInt32(before);
            int[] parents = [.. Enumerable.Range(0, count).Select(_ => random.NextInt32(before))];
            RowPlacement placement = RowPlacement.Of(parents, before);
            Assert.Equal(Enumerable.Range(0, count), placement.Rows.Order());
            for (int i = 0; i < count; i++)
                Assert.Equal(parents[i], placement.Parents[placement.Rows[i]]);
            Assert.All(parents.Where(parent => parent < count), parent => Assert.Equal(parent, placement.Parents[parent]));
        }
    }
}
