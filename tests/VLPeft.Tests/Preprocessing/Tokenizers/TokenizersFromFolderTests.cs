using System.Text.Json.Nodes;
using VLPeft.Preprocessing;
using Xunit;

namespace VLPeft.Tests.Preprocessing;

public sealed class TokenizersFromFolderTests : IDisposable
{
    private readonly TokenizerFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData(null, null, true)] // the vocabulary decides
    [InlineData("""{"tokenizer_class": "GPT2TokenizerFast"}""", null, false)]
    [InlineData(null, """{"model_type": "gpt2"}""", false)]
    [InlineData("""{"tokenizer_class": "PreTrainedTokenizerFast"}""", """{"model_type": "gpt2"}""", false)]
    [InlineData("""{"tokenizer_class": "BartTokenizer"}""", """{"model_type": "gpt2"}""", true)]
    public void The_configuration_tells_roberta_from_gpt2(string? tokenizerConfiguration, string? configuration, bool roberta)
    {
        folder.WithBpe([.. TokenizerFolder.RobertaSpecials, "<|endoftext|>"]);
        WriteIfGiven("tokenizer_config.json", tokenizerConfiguration);
        WriteIfGiven("config.json", configuration);
        Assert.Equal(roberta ? 2 : 0, folder.Open().Encode("").Length);
    }

    [Fact]
    public void Settings_of_the_folder_are_heeded()
    {
        folder.WithBpe([.. TokenizerFolder.RobertaSpecials, "<x>"])
            .Write("tokenizer_config.json", """{"add_prefix_space": true, "pad_token": "<unk>"}""")
            .Write("special_tokens_map.json", """{"pad_token": {"content": "<x>", "lstrip": false}}""");
        ITextTokenizer tokenizer = folder.Open();
        Assert.Equal(5, tokenizer.PadId);
        Assert.Equal(" cat", tokenizer.Decode(tokenizer.Encode("cat<x>"), skipSpecialTokens: true));
    }

    [Fact]
    public void Bert_settings_of_the_folder_are_heeded()
    {
        folder.Write("vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\nCat\ncat\n").Write("tokenizer_config.json", """{"do_lower_case": false}""");
        Assert.Equal([2, 4, 3], folder.Open().Encode("Cat"));
        Assert.Null(folder.Open().MaskId);
        folder.Write("tokenizer_config.json", "{}");
        Assert.Equal([2, 5, 3], folder.Open().Encode("Cat"));
    }

    [Fact]
    public void Padding_and_truncation_of_tokenizer_json_are_left_to_the_caller()
    {
        JsonObject json = TokenizerFolder.BpeTokenizerJson();
        json["truncation"] = JsonNode.Parse("""{"max_length": 3, "strategy": "LongestFirst", "stride": 0}""");
        json["padding"] = JsonNode.Parse("""{"strategy": {"Fixed": 128}, "pad_id": 1, "pad_token": "<pad>"}""");
        folder.Write("tokenizer.json", json);
        Assert.Equal(4, folder.Open().Encode("red cat").Length);
    }

    [Fact]
    public void A_template_and_a_sequence_of_processors_are_read()
    {
        JsonObject json = TokenizerFolder.BpeTokenizerJson();
        json["post_processor"] = JsonNode.Parse("""
            {"type": "Sequence", "processors": [{"type": "ByteLevel", "trim_offsets": false}, {"type": "TemplateProcessing",
              "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
              "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"SpecialToken": {"id": "sep", "type_id": 0}},
                       {"Sequence": {"id": "B", "type_id": 1}}],
              "special_tokens": {"<s>": {"id": "<s>", "ids": [0], "tokens": ["<s>"]},
                                 "sep": {"id": "sep", "ids": [2, 1], "tokens": ["</s>", "<pad>"]}}}]}
            """);
        folder.Write("tokenizer.json", json);
        var tokenizer = (ByteLevelBpeTokenizer)folder.Open();
        Assert.Equal("<s>red", tokenizer.Decode(tokenizer.Encode("red")));
        Assert.Equal("red</s><pad>cat", tokenizer.Decode(tokenizer.EncodePair("red", "cat")));
    }

    [Fact]
    public void A_folder_that_is_not_there_or_has_no_tokenizer()
    {
        AssertError("no such folder", () => Tokenizers.FromFolder(folder.PathOf("nowhere")));
        AssertError("expected tokenizer.json, vocab.json with merges.txt, or vocab.txt", () => folder.Open());
    }

    [Fact]
    public void Merges_are_missing()
    {
        folder.WithBpe(TokenizerFolder.RobertaSpecials);
        File.Delete(folder.PathOf("merges.txt"));
        AssertError("merges.txt", () => folder.Open());
    }

    [Theory]
    [InlineData("r e\nx y", "place 3, 'x y': the vocabulary", "lacks the token 'xy'")]
    [InlineData("re", "place 2, 're'", "two tokens separated by one space")]
    [InlineData("r e d", "place 2", "two tokens separated by one space")]
    [InlineData("r e\n\na t", "place 3, ''", "two tokens separated by one space")]
    [InlineData("r e\na t\nr e", "place 4, 'r e'", "place 2 already")]
    [InlineData("ab e", "place 2", "lacks the token 'ab'")]
    public void Merges_that_do_not_fit(string merges, params string[] said)
    {
        folder.WithBpe(TokenizerFolder.RobertaSpecials).Write("merges.txt", TokenizerFolder.MergesText(merges));
        AssertError([folder.PathOf("merges.txt"), .. said], () => folder.Open());
    }

    [Theory]
    [InlineData("""{"<s>": 0, "<pad>": 0}""", "the id 0 belongs to two tokens, '<s>' and '<pad>'")]
    [InlineData("""{"<s>": 0, "<s>": 1}""", "'<s>' occurs twice, with the ids 0 and 1")]
    [InlineData("""{"<s>": -1}""", "'<s>' has the id -1")]
    [InlineData("""{"<s>": 2000000000}""", "the id 2000000000")]
    [InlineData("""{"<s>": 1.5}""", "'['<s>']': expected a whole number, the token's id, found 1.5")]
    [InlineData("""{"<s>": "0"}""", "found \"0\"")]
    [InlineData("""{"<s>": 0, "\ud800": 1}""", "not valid Unicode")]
    [InlineData("[1, 2]", "expected an object, found [1, 2]")]
    [InlineData("{", "not valid JSON")]
    [InlineData("{}", "the vocabulary is empty")]
    [InlineData("""{"<s>": 0, "<pad>": 1, "<unk>": 2}""", "lacks '</s>', a special token of RoBERTa")]
    [InlineData("""{"a": 0}""", "lacks '<|endoftext|>', a special token of GPT-2")]
    public void Vocabularies_that_do_not_do(string vocabulary, string said)
    {
        folder.Write("vocab.json", vocabulary).Write("merges.txt", "#version: 0.2\n");
        AssertError([folder.PathOf("vocab.json"), said], () => folder.Open());
    }

    [Theory]
    [InlineData("[PAD]\n[UNK]\n[CLS]\n[SEP]\ncat\ncat\n", "'cat' occurs twice, with the ids 4 and 5")]
    [InlineData("[PAD]\n[UNK]\n[CLS]\n", "lacks '[SEP]', a special token of BERT")]
    [InlineData("", "lacks")]
    public void Word_lists_that_do_not_do(string vocabulary, string said)
    {
        folder.Write("vocab.txt", vocabulary);
        AssertError([folder.PathOf("vocab.txt"), said], () => folder.Open());
    }

    [Fact]
    public void A_word_list_that_is_not_utf8()
    {
        File.WriteAllBytes(folder.PathOf("vocab.txt"), [0x5B, 0xFF, 0x0A]);
        AssertError([folder.PathOf("vocab.txt"), "not UTF-8"], () => folder.Open());
    }

    [Theory]
    [InlineData("tokenizer_config.json", """{"tokenizer_class": "MarianTokenizer"}""", "'tokenizer_class'", "found \"MarianTokenizer\"")]
    [InlineData("config.json", """{"model_type": "t5"}""", "'model_type'", "found \"t5\"")]
    [InlineData("tokenizer_config.json", """{"add_prefix_space": "yes"}""", "'add_prefix_space'", "expected true or false")]
    [InlineData("special_tokens_map.json", """{"pad_token": 3}""", "'pad_token'", "expected a string")]
    [InlineData("special_tokens_map.json", """{"pad_token": {}}""", "'pad_token'", "'content' is missing")]
    public void Configurations_that_do_not_do(string file, string json, params string[] said)
    {
        folder.WithBpe(TokenizerFolder.RobertaSpecials).Write(file, json);
        AssertError([folder.PathOf(file), .. said], () => folder.Open());
    }

    [Fact]
    public void A_special_token_that_the_folder_names_and_the_vocabulary_lacks()
    {
        folder.WithBpe(TokenizerFolder.RobertaSpecials).Write("special_tokens_map.json", """{"pad_token": "<none>"}""");
        AssertError([folder.PathOf("vocab.json"), "'<none>'"], () => folder.Open());
        folder.Write("tokenizer.json", TokenizerFolder.BpeTokenizerJson());
        AssertError([folder.PathOf("tokenizer.json"), "'<none>'", "pad_token"], () => folder.Open());
    }

    private void WriteIfGiven(string name, string? json)
    {
        if (json is not null)
            folder.Write(name, json);
    }

    private static void AssertError(string said, Action action) => AssertError([said], action);

    private static void AssertError(string[] said, Action action)
    {
        InvalidInputException error = Assert.Throws<InvalidInputException>(action);
        foreach (string part in said)
            Assert.Contains(part, error.Message, StringComparison.Ordinal);
    }
}
