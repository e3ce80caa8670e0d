using System.Text.Json;
using VLPeft.Evaluation.Captions;
using Xunit;

namespace VLPeft.Parity.Tests.Metrics;

/// <summary>metrics/cider_d.json: both variants for each n.</summary>
[Trait("Category", "Parity")]
public sealed class CiderTests
{
    [Theory]
    [InlineData("CIDEr-D", CiderVariant.D)]
    [InlineData("CIDEr_plain", CiderVariant.Plain)]
    public void Every_score_is_the_references_for_each_length(string key, CiderVariant variant)
    {
        using JsonDocument json = FixtureRoot.Json("metrics", "cider_d.json");
        JsonElement expected = json.RootElement.GetProperty(key);
        var fixture = new CaptionFixture(json.RootElement.GetProperty("of").GetString()!);
        Assert.Equal(
            json.RootElement.GetProperty("ids").EnumerateArray().Select(id => id.GetString()), fixture.Tokenized.Select(example => example.ImageId));

        CaptionMetric cider = Cider.Score(fixture.Tokenized, variant);
        Assert.Equal(expected.GetProperty("score").GetDouble(), cider.Score, CaptionFixture.Metric);
        AssertAll(expected.GetProperty("per_image"), cider.PerImage);
        if (expected.TryGetProperty("score_times_10", out JsonElement timesTen))
            Assert.Equal(timesTen.GetDouble(), 10 * cider.Score, CaptionFixture.Metric);

        double[][] perLength = Cider.ScorePerLength(fixture.Tokenized, variant, null);
        JsonElement[] images = [.. expected.GetProperty("per_n").GetProperty("per_image").EnumerateArray()];
        Assert.Equal(images.Length, perLength.Length);
        for (int i = 0; i < images.Length; i++)
            AssertAll(images[i], perLength[i]);
        AssertAll(
            expected.GetProperty("per_n").GetProperty("score"),
            [.. Enumerable.Range(0, 4).Select(n => perLength.Average(image => image[n]))]);
    }

    private static void AssertAll(JsonElement expected, IReadOnlyList<double> actual)
    {
        double[] numbers = CaptionFixture.Numbers(expected);
        Assert.Equal(numbers.Length, actual.Count);
        for (int i = 0; i < numbers.Length; i++)
            Assert.Equal(numbers[i], actual[i], CaptionFixture.Metric);
    }
}
