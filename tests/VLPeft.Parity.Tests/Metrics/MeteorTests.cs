using System.Text.Json;
using VLPeft.Evaluation.Captions;
using VLPeft.Evaluation.Captions.Meteors;
using VLPeft.TestData;
using Xunit;

namespace VLPeft.Parity.Tests.Metrics;

/// <summary>metrics/meteor_segments.json: meteor-1.5.jar, with its data from the shared folder.</summary>
[Trait("Category", "Parity")]
public sealed class MeteorTests : IDisposable
{
    private const double Exact = 1e-12;

    private readonly JsonDocument _json = FixtureRoot.Json("metrics", "meteor_segments.json");

    private JsonElement[] Expected => [.. _json.RootElement.GetProperty("segments").EnumerateArray()];

    public static TheoryData<string> CaptionFiles => [.. CaptionFixture.Files];

    public void Dispose() => _json.Dispose();

    [Fact]
    public void Every_line_is_normalized_as_by_the_jar()
    {
        Meteor meteor = Open();
        JsonElement[] lines = [.. _json.RootElement.GetProperty("normalizer").EnumerateArray()];
        Assert.NotEmpty(lines);
        Assert.Equal(lines.Select(line => line.GetProperty("out").GetString()), lines.Select(line => meteor.Normalize(line.GetProperty("in").GetString()!)));
        foreach (JsonElement segment in Expected)
        {
            JsonElement normalized = segment.GetProperty("normalized");
            Assert.Equal(normalized[0].GetString(), meteor.Normalize(segment.GetProperty("hypothesis").GetString()!));
            Assert.Equal(
                normalized[1].EnumerateArray().Select(line => line.GetString()),
                segment.GetProperty("references").EnumerateArray().Select(line => meteor.Normalize(line.GetString()!)));
        }
    }

    [Fact]
    public void Every_segment_has_the_jars_counts_score_and_alignment()
    {
        MeteorSegment[] segments = Open().Segments(Examples());
        Assert.Equal(Expected.Length, segments.Length);
        AssertSegments(Expected, segments);
        for (int i = 0; i < segments.Length; i++)
            AssertAlignment(Expected[i], segments[i]);
        Assert.Equal(_json.RootElement.GetProperty("final").GetDouble(), Final(segments, MeteorParameters.Ranking), Exact);
    }

    [Fact]
    public void Every_set_of_modules_gives_the_jars_counts_and_scores()
    {
        Meteor meteor = Open();
        JsonProperty[] sets = [.. _json.RootElement.GetProperty("by_modules").EnumerateObject()];
        Assert.NotEmpty(sets);
        foreach (JsonProperty set in sets)
        {
            MeteorModules modules = Enum.Parse<MeteorModules>(set.Name.Replace(" ", ", "), ignoreCase: true);
            MeteorParameters parameters = Parameters(set.Value);
            MeteorSegment[] segments = meteor.Segments(Examples(), modules, parameters);
            if (Expected[0].GetProperty("by_modules").TryGetProperty(set.Name, out _)) // all four are the segment's own
                AssertSegments([.. Expected.Select(segment => segment.GetProperty("by_modules").GetProperty(set.Name))], segments);
            Assert.Equal(set.Value.GetProperty("final").GetDouble(), Final(segments, parameters), Exact);
        }
    }

    [Fact]
    public void Every_task_has_the_jars_score()
    {
        Meteor meteor = Open();
        HashSet<int> left = [.. _json.RootElement.GetProperty("by_task_leaves_out_segments").EnumerateArray().Select(index => index.GetInt32())];
        CaptionExample[] examples = [.. Examples().Where((_, i) => !left.Contains(i))];
        foreach (JsonProperty task in _json.RootElement.GetProperty("by_task").EnumerateObject())
        {
            MeteorParameters parameters = Parameters(task.Value);
            Assert.Equal(task.Value.GetProperty("final").GetDouble(), Final(meteor.Segments(examples, MeteorModules.All, parameters), parameters), Exact);
        }
    }

    [Theory]
    [MemberData(nameof(CaptionFiles))]
    public void Every_set_of_captions_has_the_official_score(string file)
    {
        var fixture = new CaptionFixture(file);
        CaptionMetric metric = Open().Score(fixture.Tokenized);
        Assert.Equal(fixture.Root.GetProperty("scores").GetProperty("METEOR").GetDouble(), metric.Score, CaptionFixture.Metric);
        if (!fixture.Root.GetProperty("per_image").TryGetProperty("METEOR", out JsonElement values))
            return;
        double[] expected = CaptionFixture.Numbers(values);
        Assert.Equal(expected.Length, metric.PerImage.Count);
        for (int i = 0; i < expected.Length; i++)
            Assert.Equal(expected[i], metric.PerImage[i], CaptionFixture.Metric);
    }

    private static Meteor Open() => Meteor.Open(SharedData.Require("meteor"));

    private CaptionExample[] Examples() => [.. Expected.Select((segment, i) => new CaptionExample(
        i.ToString(), segment.GetProperty("hypothesis").GetString()!,
        [.. segment.GetProperty("references").EnumerateArray().Select(reference => reference.GetString()!)]))];

    private static MeteorParameters Parameters(JsonElement item)
    {
        double[] values = CaptionFixture.Numbers(item.GetProperty("parameters"));
        return new MeteorParameters(values[0], values[1], values[2], values[3], CaptionFixture.Numbers(item.GetProperty("weights")));
    }

    private static double Final(MeteorSegment[] segments, MeteorParameters parameters) =>
        MeteorStatistics.Sum(segments.Select(segment => segment.Statistics)).Score(parameters);

    private static void AssertSegments(JsonElement[] expected, MeteorSegment[] segments)
    {
        string[] wrong = [.. segments.Select((segment, i) => (i, segment)).Where(pair =>
                expected[pair.i].GetProperty("stats").GetString() != pair.segment.Statistics.ToString()
                || Math.Abs(expected[pair.i].GetProperty("score").GetDouble() - pair.segment.Score) > Exact)
            .Select(pair => $"segment {pair.i}\n  expected {expected[pair.i].GetProperty("stats").GetString()} {expected[pair.i].GetProperty("score").GetDouble()}" +
                $"\n  got      {pair.segment.Statistics} {pair.segment.Score}")];
        Assert.True(wrong.Length == 0, $"{wrong.Length} segments differ:\n{string.Join('\n', wrong)}");
    }

    private static void AssertAlignment(JsonElement expected, MeteorSegment segment)
    {
        JsonElement alignment = expected.GetProperty("alignment");
        if (alignment.ValueKind == JsonValueKind.Null)
            return;
        Assert.Equal(
            alignment.GetProperty("matches").EnumerateArray().Select(match => string.Join(' ', match.EnumerateArray().Take(5).Select(number => number.GetInt32()))),
            segment.Alignment.Matches.Select(match => $"{match.Start} {match.Length} {match.HypothesisStart} {match.HypothesisLength} {match.Module}"));
    }
}
