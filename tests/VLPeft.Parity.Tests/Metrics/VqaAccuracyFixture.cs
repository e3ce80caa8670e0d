using System.Text.Json;
using VLPeft.Data;
using VLPeft.Evaluation;

namespace VLPeft.Parity.Tests.Metrics;

/// <summary>metrics/vqa_accuracy.json, parsed once.</summary>
public sealed class VqaAccuracyFixture : IDisposable
{
    private readonly JsonDocument _document = FixtureRoot.Json("metrics", "vqa_accuracy.json");

    public VqaAccuracyFixture()
    {
        Questions = [.. Root.GetProperty("questions").EnumerateArray()];
        Examples = [.. Questions.Select(question => new VqaExample(
            Id(question), 1, "?", question.GetProperty("question_type").GetString()!, question.GetProperty("answer_type").GetString()!,
            [.. question.GetProperty("answers").EnumerateArray().Select(answer => answer.GetString()!)]))];
        Predictions = [.. Questions.Select(question => new VqaPrediction(Id(question), question.GetProperty("prediction").GetString()!))];
    }

    public JsonElement Root => _document.RootElement;

    public JsonElement[] Questions { get; }

    public VqaExample[] Examples { get; }

    public VqaPrediction[] Predictions { get; }

    public void Dispose() => _document.Dispose();

    /// <summary>The fixtures have ids as numbers or as texts.</summary>
    private static long Id(JsonElement question)
    {
        JsonElement id = question.GetProperty("question_id");
        return id.ValueKind == JsonValueKind.Number ? id.GetInt64() : long.Parse(id.GetString()!);
    }
}
