using VLPeft.Preprocessing;
using Xunit;

namespace VLPeft.Tests.Preprocessing;

public sealed class TokenizerBatchTests
{
    private static readonly WordLevelTokenizer Tokenizer = WordLevelTokenizer.Build(["a a a b b c"]);

    [Fact]
    public void A_batch_is_padded_to_its_longest_text()
    {
        TokenBatch batch = Tokenizer.EncodeBatch(["a", "a b c"]);
        Assert.Equal((2, 5), (batch.Rows, batch.Columns));
        Assert.Equal([0, 5, 2, 1, 1, 0, 5, 6, 7, 2], batch.Ids);
        Assert.Equal([1, 1, 1, 0, 0, 1, 1, 1, 1, 1], batch.AttentionMask);
    }

    [Fact]
    public void A_padding_token_in_the_text_is_text() =>
        Assert.Equal([1, 1, 1, 0], Tokenizer.EncodeBatch(["<pad>"], maxLength: 4, padToMaxLength: true).AttentionMask);

    [Fact]
    public void Long_texts_are_cut() => Assert.Equal([0, 5, 2], Tokenizer.EncodeBatch(["a b c", "a"], maxLength: 3).Ids[..3]);

    [Fact]
    public void No_texts_give_no_rows() => Assert.Equal((0, 0), (Tokenizer.EncodeBatch([]).Rows, Tokenizer.EncodeBatch([]).Columns));

    [Theory]
    [InlineData("It is n't , well ' s a . b ?", "It isn't, well's a. b?")]
    [InlineData("they 're I 'm we 've he 's", "they're I'm we've he's")]
    [InlineData("nothing", "nothing")]
    public void Spaces_before_punctuation_are_taken_out(string text, string clean) => Assert.Equal(clean, DecodedText.CleanUpSpaces(text));
}
