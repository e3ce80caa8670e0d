using System.Text.Json;
using VLPeft.Evaluation.Captions;
using Xunit;

namespace VLPeft.Parity.Tests.Metrics;

/// <summary>metrics/captions_*.json: the official evaluation's BLEU, ROUGE-L and CIDEr.</summary>
[Trait("Category", "Parity")]
public sealed class CaptionScoreTests
{
    public static TheoryData<string> Files => [.. CaptionFixture.Files];

    [Fact]
    public void There_are_caption_files() => Assert.NotEmpty(CaptionFixture.Files);

    [Theory]
    [MemberData(nameof(Files))]
    public void Every_caption_has_the_official_tokens(string file)
    {
        var fixture = new CaptionFixture(file);
        IReadOnlyList<CaptionExample> tokenized = CaptionScorer.Tokenize(fixture.Raw);
        Assert.Equal(fixture.Tokenized.Select(example => example.Candidate), tokenized.Select(example => example.Candidate));
        Assert.Equal(fixture.Tokenized.SelectMany(example => example.References), tokenized.SelectMany(example => example.References));
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void Every_score_of_raw_captions_is_the_official_one_to_4_decimals(string file)
    {
        var fixture = new CaptionFixture(file);
        CaptionReport report = CaptionScorer.Score(fixture.Raw);
        foreach (string name in Names)
            Assert.Equal(Math.Round(fixture.Root.GetProperty("scores").GetProperty(name).GetDouble(), 4), Math.Round(report.Scores[name]!.Value, 4));
        Assert.Null(report.Scores["METEOR"]);
        Assert.Null(report.Scores["SPICE"]);
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void Every_score_given_the_tokens_is_the_official_one(string file)
    {
        var fixture = new CaptionFixture(file);
        BleuReport bleu = Bleu.Score(fixture.Tokenized);
        for (int n = 0; n < 4; n++)
            AssertMetric(fixture, $"Bleu_{n + 1}", new CaptionMetric(bleu.Scores[n], bleu.PerImage[n]));
        AssertMetric(fixture, "ROUGE_L", RougeL.Score(fixture.Tokenized));
        AssertMetric(fixture, "CIDEr", Cider.Score(fixture.Tokenized));
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void Bleu_has_the_official_totals_with_every_reference_length(string file)
    {
        var fixture = new CaptionFixture(file);
        AssertBleu(fixture.Root.GetProperty("bleu_raw"), fixture.Tokenized);
        JsonElement truncated = fixture.Root.GetProperty("bleu_truncated");
        int keep = truncated.GetProperty("keep_tokens").GetInt32();
        AssertBleu(truncated, [.. fixture.Tokenized.Select(example => example with { Candidate = string.Join(' ', example.Candidate.Split(' ').Take(keep)) })]);
    }

    private static string[] Names { get; } = ["Bleu_1", "Bleu_2", "Bleu_3", "Bleu_4", "ROUGE_L", "CIDEr"];

    private static void AssertMetric(CaptionFixture fixture, string name, CaptionMetric metric)
    {
        Assert.Equal(fixture.Root.GetProperty("scores").GetProperty(name).GetDouble(), metric.Score, CaptionFixture.Metric);
        JsonElement perImage = fixture.Root.GetProperty("per_image");
        Assert.Equal(perImage.GetProperty("ids").EnumerateArray().Select(id => id.GetString()), fixture.Tokenized.Select(example => example.ImageId));
        if (!perImage.TryGetProperty(name, out JsonElement values)) // the large file has some metrics alone
            return;
        double[] expected = CaptionFixture.Numbers(values);
        Assert.Equal(expected.Length, metric.PerImage.Count);
        for (int i = 0; i < expected.Length; i++)
            Assert.Equal(expected[i], metric.PerImage[i], CaptionFixture.Metric);
    }

    private static void AssertBleu(JsonElement expected, IReadOnlyList<CaptionExample> examples)
    {
        foreach (BleuReference reference in Enum.GetValues<BleuReference>())
        {
            JsonElement values = expected.GetProperty(reference.ToString().ToLowerInvariant());
            BleuReport report = Bleu.Score(examples, reference);
            for (int n = 0; n < 4; n++)
                Assert.Equal(values.GetProperty($"Bleu_{n + 1}").GetDouble(), report.Scores[n], CaptionFixture.Metric);
            Assert.Equal(values.GetProperty("testlen").GetInt64(), report.Totals.CandidateLength);
            Assert.Equal(values.GetProperty("reflen").GetDouble(), report.Totals.ReferenceLength, CaptionFixture.Metric);
            if (values.TryGetProperty("guess", out JsonElement guess))
                Assert.Equal(guess.EnumerateArray().Select(count => count.GetInt64()), report.Totals.Guesses);
            if (values.TryGetProperty("correct", out JsonElement correct))
                Assert.Equal(correct.EnumerateArray().Select(count => count.GetInt64()), report.Totals.Correct);
        }
    }
}
