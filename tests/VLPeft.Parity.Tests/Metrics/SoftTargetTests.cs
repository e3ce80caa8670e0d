using System.Text.Json;
using VLPeft.Data;
using Xunit;

namespace VLPeft.Parity.Tests.Metrics;

[Trait("Category", "Parity")]
public sealed class SoftTargetTests(VqaAccuracyFixture fixture) : IClassFixture<VqaAccuracyFixture>
{
    public static IEnumerable<(string[] Answers, KeyValuePair<string, double>[] Target)> Cases(JsonElement root) =>
        root.GetProperty("soft_targets").GetProperty("cases").EnumerateArray().Select(item => (
            item.GetProperty("answers").EnumerateArray().Select(answer => answer.GetString()!).ToArray(),
            item.GetProperty("target").EnumerateObject()
                .Select(entry => KeyValuePair.Create(entry.Name, entry.Value.GetDouble())).ToArray()));

    [Fact]
    public void Every_target_is_the_references_in_the_references_order()
    {
        Assert.NotEmpty(Cases(fixture.Root));
        Assert.All(Cases(fixture.Root), item =>
            Assert.Equal(item.Target, SoftTargets.Of(item.Answers).Select(pair => KeyValuePair.Create(pair.Answer, pair.Score))));
    }

    [Fact]
    public void Every_row_over_a_vocabulary_holds_the_same_scores()
    {
        (string[] Answers, KeyValuePair<string, double>[] Target)[] cases = [.. Cases(fixture.Root)];
        var vocabulary = new AnswerVocabulary(cases.SelectMany(item => item.Answers).Distinct().Order(StringComparer.Ordinal));
        var targets = new SoftTargets([.. cases.Select((item, id) => new VqaExample(id, 1, "?", "", "", item.Answers))], vocabulary);
        var row = new float[vocabulary.Count];
        for (int i = 0; i < cases.Length; i++)
        {
            targets.Fill(i, row);
            var expected = cases[i].Target.ToDictionary(entry => entry.Key, entry => (float)entry.Value);
            Assert.Equal(vocabulary.Select(answer => expected.GetValueOrDefault(answer)), row);
        }
    }
}
