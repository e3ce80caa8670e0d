using System.Text.Json.Nodes;
using Xunit;

namespace VLPeft.Tests.Preprocessing;

/// <summary>A good tokenizer.json with one entry changed is refused, and the message names the file and the entry.</summary>
public sealed class TokenizerJsonErrorTests : IDisposable
{
    private readonly TokenizerFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("model", null, "the key 'model' is missing")]
    [InlineData("model.vocab", null, "'model': the key 'vocab' is missing")]
    [InlineData("model.type", "\"Unigram\"", "'model.type': expected BPE, WordPiece or WordLevel", "found \"Unigram\"")]
    [InlineData("model.merges", "[\"r e\", \"x y\"]", "place 1, 'x y'", "lacks the token 'xy'")]
    [InlineData("model.merges", "[[\"r\", \"e\", \"d\"]]", "'model.merges[0]': expected a pair of tokens")]
    [InlineData("model.merges", "[1]", "'model.merges[0]': expected a string, found 1")]
    [InlineData("model.unk_token", "\"<none>\"", "lacks '<none>'")]
    [InlineData("model.dropout", "0.1", "'model.dropout'", "not supported")]
    [InlineData("model.end_of_word_suffix", "\"@@\"", "'model.end_of_word_suffix'", "not supported")]
    [InlineData("model.byte_fallback", "true", "'model.byte_fallback'", "not supported")]
    [InlineData("normalizer", """{"type": "NFC"}""", "'normalizer'", "not supported")]
    [InlineData("pre_tokenizer", """{"type": "Metaspace"}""", "'pre_tokenizer.type': expected \"ByteLevel\"", "found \"Metaspace\"")]
    [InlineData("pre_tokenizer", """{"type": "ByteLevel", "use_regex": false}""", "'pre_tokenizer.use_regex': expected true")]
    [InlineData("pre_tokenizer", null, "'pre_tokenizer' is missing")]
    [InlineData("post_processor", """{"type": "Odd"}""", "'post_processor.type': expected RobertaProcessing")]
    [InlineData("post_processor.cls", """["<s>", 7]""", "'post_processor.cls': expected the id 0 that '<s>' has")]
    [InlineData("post_processor.cls", """["<none>", 0]""", "'post_processor.cls' names the token '<none>', which the vocabulary lacks")]
    [InlineData("post_processor.cls", """["<s>"]""", "'post_processor.cls': expected a token and its id")]
    [InlineData("post_processor", """{"type": "TemplateProcessing", "single": []}""", "'post_processor.single': expected the texts A")]
    [InlineData(
        "post_processor",
        """{"type": "TemplateProcessing", "single": [{"Sequence": {"id": "A"}}], "pair": [{"Sequence": {"id": "B"}}]}""",
        "'post_processor.pair[0].Sequence.id': expected the texts A, B")]
    [InlineData("added_tokens", """[{"id": 9, "content": "<s>", "special": true}]""", "'<s>' has the id 9", "in the vocabulary it has 0")]
    [InlineData("added_tokens", """[{"id": 0, "content": "<new>"}]""", "'<new>' has the id 0", "in the vocabulary that is '<s>'")]
    [InlineData("added_tokens", """[{"id": 900, "content": "x1"}, {"id": 900, "content": "x2"}]""", "'x2'", "that is also 'x1'")]
    [InlineData("added_tokens", """[{"id": 900, "content": "x1"}, {"id": 901, "content": "x1"}]""", "'x1' is added twice")]
    [InlineData("added_tokens", """[{"id": 900, "content": ""}]""", "the id 900 is empty")]
    [InlineData("added_tokens", """[{"content": "x1"}]""", "'added_tokens[0]': the key 'id' is missing")]
    [InlineData("added_tokens", """[{"id": 900, "content": "x", "special": 1}]""", "'added_tokens[0].special': expected true or false")]
    public void One_entry_wrong(string place, string? value, params string[] said)
    {
        JsonObject json = TokenizerFolder.BpeTokenizerJson();
        string[] keys = place.Split('.');
        JsonObject parent = keys[..^1].Aggregate(json, (node, key) => node[key]!.AsObject());
        if (value is null)
            parent.Remove(keys[^1]);
        else
            parent[keys[^1]] = JsonNode.Parse(value);
        folder.Write("tokenizer.json", json);
        InvalidInputException error = Assert.Throws<InvalidInputException>(() => folder.Open());
        Assert.StartsWith(folder.PathOf("tokenizer.json"), error.Message, StringComparison.Ordinal);
        foreach (string part in said)
            Assert.Contains(part, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_file_unchanged_is_good()
    {
        folder.Write("tokenizer.json", TokenizerFolder.BpeTokenizerJson());
        Assert.Equal((1, 4), (folder.Open().PadId, folder.Open().MaskId));
    }

    [Fact]
    public void No_padding_token()
    {
        folder.Write("tokenizer.json", new JsonObject
        {
            ["pre_tokenizer"] = new JsonObject { ["type"] = "Whitespace" },
            ["model"] = new JsonObject { ["type"] = "WordLevel", ["unk_token"] = "?", ["vocab"] = TokenizerFolder.Ids("?", "cat") },
        });
        Assert.Contains("no padding token", Assert.Throws<InvalidInputException>(() => folder.Open()).Message, StringComparison.Ordinal);
    }
}
