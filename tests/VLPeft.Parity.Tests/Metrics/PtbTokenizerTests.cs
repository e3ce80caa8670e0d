using System.Text.Json;
using VLPeft.Evaluation.Captions;
using Xunit;

namespace VLPeft.Parity.Tests.Metrics;

/// <summary>metrics/ptb_tokenizer.json: CoreNLP 3.4.1's tokens.</summary>
[Trait("Category", "Parity")]
public sealed class PtbTokenizerTests
{
    private static readonly (string Caption, string Tokens, string Unfiltered)[] Cases = Read();

    [Fact]
    public void Every_caption_has_the_official_tokens() =>
        AssertLines(item => item.Tokens, PtbTokenizer.Tokenize([.. Cases.Select(item => item.Caption)]));

    [Fact]
    public void Every_caption_has_the_official_tokens_before_punctuation_is_dropped() =>
        AssertLines(item => item.Unfiltered, PtbTokenizer.Unfiltered([.. Cases.Select(item => item.Caption)]));

    [Fact]
    public void Every_caption_may_be_tokenized_alone() =>
        AssertLines(item => item.Tokens, [.. Cases.Select(item => PtbTokenizer.Tokenize(item.Caption))]);

    private static void AssertLines(Func<(string Caption, string Tokens, string Unfiltered), string> expected, IReadOnlyList<string> lines)
    {
        Assert.NotEmpty(Cases);
        string[] wrong = [.. Cases.Zip(lines).Where(pair => expected(pair.First) != pair.Second)
            .Select(pair => $"{pair.First.Caption}\n  expected {expected(pair.First)}\n  got      {pair.Second}")];
        Assert.True(wrong.Length == 0, string.Join('\n', wrong));
    }

    private static (string, string, string)[] Read()
    {
        using JsonDocument json = FixtureRoot.Json("metrics", "ptb_tokenizer.json");
        return [.. json.RootElement.EnumerateArray().Select(item => (
            item.GetProperty("caption").GetString()!, item.GetProperty("tokens").GetString()!, item.GetProperty("unfiltered").GetString()!))];
    }
}
