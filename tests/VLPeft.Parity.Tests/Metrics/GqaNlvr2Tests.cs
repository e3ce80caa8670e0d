using System.Text.Json;
using VLPeft.Evaluation;
using Xunit;

namespace VLPeft.Parity.Tests.Metrics;

/// <summary>metrics/gqa_nlvr.json.</summary>
[Trait("Category", "Parity")]
public sealed class GqaNlvr2Tests
{
    [Fact]
    public void Gqa_accuracy_is_the_references_for_each_question_and_all()
    {
        using JsonDocument json = FixtureRoot.Json("metrics", "gqa_nlvr.json");
        JsonElement gqa = json.RootElement.GetProperty("gqa");
        JsonElement[] cases = [.. gqa.GetProperty("cases").EnumerateArray()];
        (string, string)[] pairs =
            [.. cases.Select(item => (item.GetProperty("answer").GetString()!, item.GetProperty("prediction").GetString()!))];
        Assert.Equal(gqa.GetProperty("accuracy_exact").GetDouble(), GqaAccuracy.Score(pairs), 1e-12);
        Assert.Equal(gqa.GetProperty("accuracy_lower_strip").GetDouble(), GqaAccuracy.ScoreIgnoringCase(pairs), 1e-12);
        for (int i = 0; i < cases.Length; i++)
        {
            Assert.Equal(cases[i].GetProperty("exact").GetDouble(), GqaAccuracy.Score([pairs[i]]));
            Assert.Equal(cases[i].GetProperty("lower_strip").GetDouble(), GqaAccuracy.ScoreIgnoringCase([pairs[i]]));
        }
    }

    [Fact]
    public void Nlvr2_accuracy_and_consistency_are_the_references()
    {
        using JsonDocument json = FixtureRoot.Json("metrics", "gqa_nlvr.json");
        JsonElement nlvr2 = json.RootElement.GetProperty("nlvr2");
        Nlvr2Score score = Nlvr2Accuracy.Score([.. nlvr2.GetProperty("cases").EnumerateArray().Select(item => new Nlvr2Prediction(
            item.GetProperty("identifier").GetString()!, item.GetProperty("label").GetInt32() == 1, item.GetProperty("prediction").GetInt32() == 1))]);
        Assert.Equal(nlvr2.GetProperty("accuracy").GetDouble(), score.Accuracy, 1e-12);
        Assert.Equal(nlvr2.GetProperty("consistency").GetDouble(), score.Consistency, 1e-12);
        Assert.Equal(nlvr2.GetProperty("unique_sentences").GetInt32(), score.Sentences);
        Assert.Equal(nlvr2.GetProperty("consistent_sentences").GetInt32(), score.ConsistentSentences);
    }
}
