using System.Text.Json;
using VLPeft.Evaluation;
using Xunit;

namespace VLPeft.Parity.Tests.Metrics;

[Trait("Category", "Parity")]
public sealed class VqaAccuracyTests(VqaAccuracyFixture fixture) : IClassFixture<VqaAccuracyFixture>
{
    [Fact]
    public void Every_string_is_the_evaluators_at_every_stage()
    {
        JsonElement[] cases = [.. fixture.Root.GetProperty("normalise").EnumerateArray()];
        Assert.NotEmpty(cases);
        Assert.All(cases, item =>
        {
            NormalisedAnswer normalised = VqaAnswerText.Normalise(item.GetProperty("raw").GetString()!);
            Assert.Equal(item.GetProperty("stripped").GetString(), normalised.Stripped);
            Assert.Equal(item.GetProperty("after_punctuation").GetString(), normalised.AfterPunctuation);
            Assert.Equal(item.GetProperty("processed").GetString(), normalised.Processed);
        });
    }

    [Fact]
    public void Python_3_digits_differ_on_the_named_strings_alone()
    {
        HashSet<string> differ =
            [.. fixture.Root.GetProperty("python3_digits_differ_on").EnumerateArray().Select(item => item.GetString()!)];
        foreach (JsonElement item in fixture.Root.GetProperty("normalise").EnumerateArray())
        {
            string stripped = item.GetProperty("stripped").GetString()!;
            Assert.Equal(
                differ.Contains(item.GetProperty("raw").GetString()!),
                VqaAnswerText.Punctuation(stripped, Python.Three) != VqaAnswerText.Punctuation(stripped, Python.Two));
        }
    }

    [Fact]
    public void Every_question_and_mean_is_the_official_one_to_the_last_bit()
    {
        VqaAccuracyReport report = VqaAccuracy.Evaluate(fixture.Examples, fixture.Predictions);
        JsonElement rounded = fixture.Root.GetProperty("accuracy");
        JsonElement unrounded = fixture.Root.GetProperty("accuracy_unrounded");

        Assert.Equal(
            fixture.Questions.Select(question => question.GetProperty("accuracy").GetDouble()),
            report.PerQuestion.Select(score => score.Accuracy));
        Assert.Equal(
            fixture.Questions.Select(question => question.GetProperty("accuracy_unrounded").GetDouble()),
            report.PerQuestion.Select(score => score.Unrounded));
        AssertMeans(rounded, report, score => score.Accuracy);
        AssertMeans(unrounded, report, score => score.Unrounded);
    }

    [Fact]
    public void Every_question_and_mean_is_VL_T5s()
    {
        VqaAccuracyReport report = VqaAccuracy.Evaluate(fixture.Examples, fixture.Predictions, VqaEvaluator.VlT5);

        Assert.Equal(
            fixture.Questions.Select(question => question.GetProperty("accuracy_vl_t5").GetDouble()),
            report.PerQuestion.Select(score => score.Accuracy));
        AssertMeans(fixture.Root.GetProperty("accuracy_vl_t5"), report, score => score.Accuracy);
    }

    private static void AssertMeans(JsonElement expected, VqaAccuracyReport report, Func<VqaScore, double> value)
    {
        Assert.Equal(expected.GetProperty("overall").GetDouble(), value(report.Overall));
        AssertKeys(expected.GetProperty("perAnswerType"), report.PerAnswerType, value);
        AssertKeys(expected.GetProperty("perQuestionType"), report.PerQuestionType, value);
    }

    private static void AssertKeys(JsonElement expected, IReadOnlyDictionary<string, VqaScore> scores, Func<VqaScore, double> value) =>
        Assert.Equal(
            expected.EnumerateObject().ToDictionary(entry => entry.Name, entry => entry.Value.GetDouble()),
            scores.ToDictionary(entry => entry.Key, entry => value(entry.Value)));
}
