using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using VLPeft.Preprocessing;
using Xunit;

namespace VLPeft.Tests.Preprocessing;

public sealed class WordLevelTokenizerTests : IDisposable
{
    private readonly TokenizerFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Words_get_ids_by_frequency_after_the_special_tokens()
    {
        WordLevelTokenizer tokenizer = WordLevelTokenizer.Build(["Is the red cat red?", "the cat."]);
        Assert.Equal("cat red the . ? is".Split(' '), Enumerable.Range(5, 6).Select(id => tokenizer.Decode([id])));
        Assert.Equal((11, 1, 4), (tokenizer.VocabularySize, tokenizer.PadId, tokenizer.MaskId));
        Assert.Equal([0, 7, 6, 3, 9, 2], tokenizer.Encode("THE red dog?"));
        Assert.Equal([0, 7, 4, 8, 2], tokenizer.Encode("the <mask>."));
        Assert.Equal([0, 5, 2, 2, 6, 2], tokenizer.EncodePair("cat", "red"));
        Assert.Equal([0, 7, 2], tokenizer.Encode("the red cat", 3));
    }

    [Fact]
    public void The_order_of_the_texts_does_not_matter()
    {
        string[] texts = ["a b c", "b c", "c d"];
        WordLevelTokenizer one = WordLevelTokenizer.Build(texts), other = WordLevelTokenizer.Build(texts.Reverse());
        Assert.Equal(one.Encode("a b c d"), other.Encode("a b c d"));
    }

    [Fact]
    public void Rare_words_can_be_left_unknown() =>
        Assert.Equal([0, 5, 3, 2], WordLevelTokenizer.Build(["red red blue"], minimumCount: 2).Encode("red blue"));

    [Theory]
    [InlineData("Isn't it, well...", "isn ' t it , well ...")]
    [InlineData("naïve_x2\u0301 2½", "naïve_x2\u0301 2 ½")] // \w: letters, digits, marks, underscore
    [InlineData("\t \u00a0", "")]
    [InlineData("Ⅳ ⓐ 😀", "ⅳ ⓐ 😀")]
    public void Texts_are_cut_at_white_space_and_punctuation(string text, string words)
    {
        WordLevelTokenizer tokenizer = WordLevelTokenizer.Build([text]);
        Assert.Equal(words, tokenizer.Decode(tokenizer.Encode(text), skipSpecialTokens: true));
    }

    [Fact]
    public void A_saved_tokenizer_loads_as_it_was()
    {
        WordLevelTokenizer built = WordLevelTokenizer.Build(["What's \"up\", naïve cat\\?", "<mask> 中"]);
        built.Save(folder.PathOf("tokenizer.json"));
        foreach (ITextTokenizer loaded in new[] { WordLevelTokenizer.Load(folder.PathOf("tokenizer.json")), folder.Open() })
        {
            string text = "What's \"up\", naïve cat\\? <mask> 中 dog";
            Assert.Equal(built.Encode(text), loaded.Encode(text));
            Assert.Equal((built.PadId, built.MaskId, built.VocabularySize), (loaded.PadId, loaded.MaskId, loaded.VocabularySize));
        }
        string first = File.ReadAllText(folder.PathOf("tokenizer.json"));
        WordLevelTokenizer.Load(folder.PathOf("tokenizer.json")).Save(folder.PathOf("again.json"));
        Assert.Equal(first, File.ReadAllText(folder.PathOf("again.json")));
    }

    [Fact]
    public void The_file_has_the_form_that_tokenizers_reads()
    {
        WordLevelTokenizer.Build(["red"]).Save(folder.PathOf("tokenizer.json"));
        JsonNode root = JsonNode.Parse(File.ReadAllText(folder.PathOf("tokenizer.json")))!;
        Assert.Equal(
            ["version", "truncation", "padding", "added_tokens", "normalizer", "pre_tokenizer", "post_processor", "decoder", "model"],
            root.AsObject().Select(p => p.Key));
        Assert.Equal(
            """{"type":"WordLevel","vocab":{"<s>":0,"<pad>":1,"</s>":2,"<unk>":3,"<mask>":4,"red":5},"unk_token":"<unk>"}""",
            Plain(root["model"]));
        Assert.Equal(
            """{"id":4,"content":"<mask>","single_word":false,"lstrip":true,"rstrip":false,"normalized":false,"special":true}""",
            Plain(root["added_tokens"]![4]));
        Assert.Equal(
            ["SpecialToken <s>", "Sequence A", "SpecialToken </s>", "SpecialToken </s>", "Sequence B", "SpecialToken </s>"],
            root["post_processor"]!["pair"]!.AsArray().Select(piece => piece!.AsObject().Single())
                .Select(piece => $"{piece.Key} {piece.Value!["id"]}"));
        Assert.Equal("""{"SpecialToken":{"id":"<s>","type_id":0}}""", Plain(root["post_processor"]!["single"]![0]));
        Assert.Equal("""{"id":"</s>","ids":[2],"tokens":["</s>"]}""", Plain(root["post_processor"]!["special_tokens"]!["</s>"]));
    }

    [Fact]
    public void Another_kind_of_tokenizer_is_an_error()
    {
        folder.Write("tokenizer.json", TokenizerFolder.BpeTokenizerJson());
        InvalidInputException error = Assert.Throws<InvalidInputException>(() => WordLevelTokenizer.Load(folder.PathOf("tokenizer.json")));
        Assert.Contains("WordLevel", error.Message, StringComparison.Ordinal);
    }

    private static string Plain(JsonNode? node) =>
        node!.ToJsonString(new JsonSerializerOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
}
