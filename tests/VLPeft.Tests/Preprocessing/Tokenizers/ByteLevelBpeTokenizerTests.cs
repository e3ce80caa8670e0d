using CsCheck;
using VLPeft.Preprocessing;
using Xunit;

namespace VLPeft.Tests.Preprocessing;

public sealed class ByteLevelBpeTokenizerTests : IDisposable
{
    private readonly TokenizerFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Roberta_puts_its_tokens_around_and_knows_them_in_text()
    {
        ByteLevelBpeTokenizer tokenizer = Roberta();
        Assert.Equal(["<s>", "red", "Ġcat", "</s>"], Tokens(tokenizer.Encode("red cat")));
        Assert.Equal(["<s>", "</s>"], Tokens(tokenizer.Encode("")));
        Assert.Equal(["<s>", "red", "<mask>", "Ġ", "<pad>", "Ġcat", "</s>"], Tokens(tokenizer.Encode("red  <mask> <pad> cat")));
        Assert.Equal((1, 4), (tokenizer.PadId, tokenizer.MaskId));
        Assert.Equal(5 + 256 + TokenizerFolder.Merges.Length, tokenizer.VocabularySize);
    }

    [Fact]
    public void Gpt2_adds_nothing_and_pads_with_its_end_token()
    {
        folder.WithBpe("<|endoftext|>");
        ByteLevelBpeTokenizer tokenizer = ByteLevelBpeTokenizer.Gpt2(folder.PathOf("vocab.json"), folder.PathOf("merges.txt"));
        Assert.Empty(tokenizer.Encode(""));
        Assert.Equal((0, null), (tokenizer.PadId, tokenizer.MaskId));
        Assert.Equal("red", tokenizer.Decode([.. tokenizer.Encode("red<|endoftext|>")], skipSpecialTokens: true));
    }

    [Fact]
    public void Prefix_space_is_added_to_every_piece_between_special_tokens()
    {
        ByteLevelBpeTokenizer tokenizer = Roberta(addPrefixSpace: true);
        Assert.Equal(["<s>", "Ġcat", "</s>", "Ġcat", "</s>"], Tokens(tokenizer.Encode("cat</s>cat")));
        Assert.Equal(["<s>", "Ġcat", "</s>"], Tokens(tokenizer.Encode(" cat")));
        Assert.Equal(["<s>", "</s>"], Tokens(tokenizer.Encode("")));
    }

    [Theory]
    [InlineData(2, "<s> </s>")]
    [InlineData(3, "<s> red </s>")]
    [InlineData(4, "<s> red Ġcat </s>")]
    [InlineData(99, "<s> red Ġcat </s>")]
    public void A_text_is_cut_so_that_its_specials_fit(int maxLength, string tokens) =>
        Assert.Equal(tokens.Split(' '), Tokens(Roberta().Encode("red cat", maxLength)));

    [Theory]
    [InlineData("xxxxx", "yy", 12, 5, 2)]
    [InlineData("xxxxx", "yy", 9, 3, 2)] // the longer one first
    [InlineData("yy", "xxxxx", 9, 2, 3)]
    [InlineData("xxxxx", "yyyy", 9, 3, 2)] // then both; the longer one keeps the odd place
    [InlineData("yyyy", "xxxxx", 9, 2, 3)]
    [InlineData("xxxx", "yyyy", 9, 2, 3)] // of equals, the second
    [InlineData("xxxxxxx", "yyyyyy", 6, 1, 1)] // both longer than the room
    [InlineData("xxxxxxx", "yyyyyy", 4, 0, 0)]
    public void A_pair_is_cut_longest_first(string text, string pair, int maxLength, int keptOfText, int keptOfPair)
    {
        string[] expected =
        [
            "<s>", .. Enumerable.Repeat($"{text[0]}", keptOfText), "</s>", "</s>", .. Enumerable.Repeat($"{pair[0]}", keptOfPair), "</s>",
        ];
        Assert.Equal(expected, Tokens(Roberta().EncodePair(text, pair, maxLength)));
    }

    [Fact]
    public void No_room_for_the_special_tokens_is_an_error()
    {
        ByteLevelBpeTokenizer tokenizer = Roberta();
        Assert.Throws<ArgumentOutOfRangeException>("maxLength", () => tokenizer.Encode("red", 1));
        Assert.Throws<ArgumentOutOfRangeException>("maxLength", () => tokenizer.EncodePair("red", "cat", 3));
    }

    [Fact]
    public void Every_text_comes_back()
    {
        ByteLevelBpeTokenizer tokenizer = Roberta();
        // With the special tokens: a random text may hold "<s>" itself.
        Gen.String.Select(text => text.ToWellFormed()).Sample(
            text => Assert.Equal($"<s>{text}</s>", tokenizer.Decode(tokenizer.Encode(text))), iter: 2_000);
    }

    [Fact]
    public void Broken_bytes_and_half_surrogates_decode_to_replacement_characters()
    {
        ByteLevelBpeTokenizer tokenizer = Roberta();
        int[] euro = tokenizer.Encode("€");
        Assert.Equal("\uFFFDa", tokenizer.Decode([euro[1], euro[2], .. tokenizer.Encode("a")], skipSpecialTokens: true));
        Assert.Equal("\uFFFD\uFFFD", tokenizer.Decode([euro[2], euro[2]]));
        Assert.Equal("a\uFFFDb", tokenizer.Decode(tokenizer.Encode("a\ud83db"), skipSpecialTokens: true));
    }

    [Fact]
    public void Ids_without_a_token_decode_to_nothing() => Assert.Equal("", Roberta().Decode([-1, 100_000]));

    [Fact]
    public void Threads_may_share_one()
    {
        ByteLevelBpeTokenizer tokenizer = Roberta();
        string[] texts = [.. Enumerable.Range(0, 2_000).Select(i => $"red cat number {i % 97} of {i}")];
        int[][] expected = [.. texts.Select(text => Roberta(write: false).Encode(text)).Take(50)];
        int[][] actual = texts.AsParallel().AsOrdered().WithDegreeOfParallelism(4).Select(text => tokenizer.Encode(text)).ToArray();
        Assert.Equal(expected, actual.Take(50));
        Assert.Equal(texts, actual.Select(ids => tokenizer.Decode(ids, skipSpecialTokens: true)));
    }

    private ByteLevelBpeTokenizer Roberta(bool addPrefixSpace = false, bool write = true)
    {
        if (write)
            folder.WithBpe(TokenizerFolder.RobertaSpecials);
        return ByteLevelBpeTokenizer.Roberta(folder.PathOf("vocab.json"), folder.PathOf("merges.txt"), addPrefixSpace);
    }

    private static IEnumerable<string> Tokens(int[] ids)
    {
        string[] tokens = [.. TokenizerFolder.BpeVocabulary(TokenizerFolder.RobertaSpecials).Select(entry => entry.Key)];
        return ids.Select(id => tokens[id]);
    }
}
