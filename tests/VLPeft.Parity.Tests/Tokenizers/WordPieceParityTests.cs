using System.Text.Json;
using VLPeft.Preprocessing;
using VLPeft.TestData;
using Xunit;

namespace VLPeft.Parity.Tests;

/// <summary>The ids that transformers gives for MiniLM's sentences.</summary>
[Trait("Category", "Parity")]
public sealed class WordPieceParityTests
{
    [Fact]
    public void Sentences_give_the_reference_ids_from_tokenizer_json() =>
        Check(Tokenizers.FromFolder(SharedData.Require("models", "minilm-l6")));

    [Fact]
    public void Sentences_give_the_reference_ids_from_vocab_txt() =>
        Check(WordPieceTokenizer.FromVocabulary(SharedData.Require("models", "minilm-l6", "vocab.txt")));

    private static void Check(ITextTokenizer tokenizer)
    {
        using var document = JsonDocument.Parse(File.ReadAllBytes(SharedData.Require("models", "minilm-l6", "expected.json")));
        JsonElement expected = document.RootElement;
        string[] sentences = [.. expected.GetProperty("sentences").EnumerateArray().Select(FixtureText.Read)];
        int[][] ids = [.. expected.GetProperty("input_ids").EnumerateArray().Select(Ids)];
        var failures = new FailureList();
        for (int i = 0; i < sentences.Length; i++)
            failures.Compare("ids", sentences[i], ids[i], tokenizer.Encode(sentences[i]));
        failures.AssertNone();
        Assert.NotEmpty(sentences);
    }

    private static int[] Ids(JsonElement row) => [.. row.EnumerateArray().Select(id => id.GetInt32())];
}
