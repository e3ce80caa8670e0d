using System.Text.Json.Nodes;
using VLPeft.Preprocessing;
using Xunit;

namespace VLPeft.Tests.Preprocessing;

public sealed class WordPieceTokenizerTests : IDisposable
{
    private static readonly string[] Vocabulary =
    [
        "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "cat", "##s", "##fish", "'", "!", "$", "cafe", "café", "Cat", "中", "國", "a", "b",
        "##b", "##😀", "ᄒ", "##ᅡ", "##ᆫ", "i", "σ", "##σ", "is", "n", "t", ",",
    ];

    private readonly TokenizerFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("cats catfishs", "cat ##s cat ##fish ##s")]
    [InlineData("catx", "[UNK]")] // no half-known words
    [InlineData("cat!!$cat", "cat ! ! $ cat")]
    [InlineData("cat's", "cat ' [UNK]")]
    [InlineData("CAFÉ cafe\u0301", "cafe cafe")]
    [InlineData("a中國b", "a 中 國 b")]
    [InlineData("a\tb\na\u00a0b\u2028a\u3000b", "a b a b a b")] // all white space separates
    [InlineData("한", "ᄒ ##ᅡ ##ᆫ")] // decomposed with the accents
    [InlineData("İ", "i")]
    [InlineData("ΣΣ", "σ ##σ")] // no final sigma
    [InlineData("a😀", "a ##😀")]
    [InlineData("", "")]
    [InlineData(" \n ", "")]
    [InlineData("[MASK]cat [mask]", "[MASK] cat [UNK] [UNK] [UNK]")] // special tokens as they are written only
    public void Uncased(string text, string tokens) => Assert.Equal(InSpecials(tokens), Tokens(Open().Encode(text)));

    [Fact]
    public void Control_format_and_private_characters_vanish()
    {
        foreach (char c in "\u0000\u0007\u007f\u0085\u200d\ufeff\ue000\ufffd\ud800")
            Assert.Equal(["[CLS]", "a", "##b", "[SEP]"], Tokens(Open().Encode($"a{c}b")));
    }

    [Theory]
    [InlineData("Cat cat CAT", "Cat cat [UNK]")]
    [InlineData("café", "café")] // accents stay with the case
    public void Cased(string text, string tokens) => Assert.Equal(InSpecials(tokens), Tokens(Open(lowerCase: false).Encode(text)));

    [Theory]
    [InlineData(100, false)]
    [InlineData(101, true)]
    public void Words_of_more_than_100_code_points_are_unknown(int length, bool unknown)
    {
        // 😀 is two UTF-16 units, but one code point.
        string word = $"a{string.Concat(Enumerable.Repeat("😀", length - 1))}";
        string[] tokens = [.. Tokens(Open().Encode(word))];
        Assert.Equal(unknown ? 3 : length + 2, tokens.Length);
        Assert.Equal(unknown, tokens.Contains("[UNK]"));
    }

    [Fact]
    public void A_long_prefix_and_a_long_word_fit_the_buffer()
    {
        string prefix = new('#', 200);
        folder.Write("tokenizer.json", new JsonObject
        {
            ["normalizer"] = new JsonObject { ["type"] = "BertNormalizer" },
            ["pre_tokenizer"] = new JsonObject { ["type"] = "BertPreTokenizer" },
            ["model"] = new JsonObject
            {
                ["type"] = "WordPiece",
                ["unk_token"] = "[UNK]",
                ["continuing_subword_prefix"] = prefix,
                ["max_input_chars_per_word"] = 500,
                ["vocab"] = TokenizerFolder.Ids("[PAD]", "[UNK]", "a", $"{prefix}b"),
            },
        });
        Assert.Equal([2, .. Enumerable.Repeat(3, 300)], folder.Open().Encode($"a{new string('b', 300)}"));
    }

    [Fact]
    public void Pairs_have_one_separator_between() =>
        Assert.Equal(["[CLS]", "cat", "[SEP]", "a", "b", "[SEP]"], Tokens(Open().EncodePair("cat", "a b")));

    [Fact]
    public void Decoding_joins_pieces_and_closes_up_punctuation()
    {
        WordPieceTokenizer tokenizer = Open();
        int[] ids = tokenizer.Encode("Cats , isn't a cat!");
        Assert.Equal("[CLS] cats, [UNK] ' t a cat! [SEP]", tokenizer.Decode(ids));
        Assert.Equal("cats, ' t a cat!", tokenizer.Decode(ids, skipSpecialTokens: true));
    }

    [Fact]
    public void Added_tokens_are_found_in_the_normalized_text_when_they_say_so()
    {
        folder.Write("tokenizer.json", new JsonObject
        {
            ["added_tokens"] = JsonNode.Parse("""
                [{"id": 4, "content": "New York", "normalized": true}, {"id": 5, "content": "cat", "single_word": true, "normalized": true}]
                """),
            ["normalizer"] = new JsonObject { ["type"] = "BertNormalizer", ["lowercase"] = true },
            ["pre_tokenizer"] = new JsonObject { ["type"] = "BertPreTokenizer" },
            ["model"] = new JsonObject { ["type"] = "WordPiece", ["vocab"] = TokenizerFolder.Ids("[PAD]", "[UNK]", "a", "##a") },
        });
        Assert.Equal([2, 4, 2], folder.Open().Encode("a NEW YÖRK a"));
        Assert.Equal([5, 1, 1, 5, 1], folder.Open().Encode("cat cata acat CAT,"));
    }

    private WordPieceTokenizer Open(bool lowerCase = true)
    {
        folder.Write("vocab.txt", string.Join('\n', Vocabulary) + "\n");
        return WordPieceTokenizer.FromVocabulary(folder.PathOf("vocab.txt"), lowerCase);
    }

    private static string[] InSpecials(string tokens) => $"[CLS] {tokens} [SEP]".Split(' ', StringSplitOptions.RemoveEmptyEntries);

    private static IEnumerable<string> Tokens(int[] ids) => ids.Select(id => Vocabulary[id]);
}
