using System.Text.RegularExpressions;
using CsCheck;
using VLPeft.Preprocessing;
using Xunit;

namespace VLPeft.Tests.Preprocessing;

public sealed partial class Gpt2PreTokenizerTests
{
    // Characters that the pattern's branches meet at, so that random texts hit all of them.
    private static readonly Gen<string> Texts = Gen.OneOf(
        Gen.OneOf(" ", "  ", "\n", "\t", "\u00a0", "\u3000", "\u0085", "\u200b", "\u001c"),
        Gen.OneOf("'", "'s", "'S", "'re", "'r", "'ll", "'l", "s", "é", "中", "a", "Z", "7", "²", "Ⅳ", "!", "-", "\u0301", "\0", "\uffff"))
        .List[0, 24].Select(string.Concat);

    [Fact]
    public void Cuts_as_the_pattern_does_on_characters_up_to_FFFF() =>
        Texts.Sample(text => Assert.Equal(Pattern().Matches(text).Select(m => m.Value), Pieces(text)), iter: 20_000);

    [Theory]
    [InlineData("a\U0001D400b", "a\U0001D400b")] // a mathematical letter belongs to its word
    [InlineData("7\U0001D7D8!", "7\U0001D7D8|!")] // so does a mathematical digit to its number
    [InlineData("x 😀😀 y", "x| 😀😀| y")]
    public void Reads_code_points_not_utf16_units(string text, string pieces) => Assert.Equal(pieces.Split('|'), Pieces(text));

    [Fact]
    public void Half_a_surrogate_pair_is_neither_letter_nor_digit() => Assert.Equal(["a", "\ud800", "b"], Pieces("a\ud800b"));

    private static IEnumerable<string> Pieces(string text) =>
        Gpt2PreTokenizer.Instance.PreTokenize(text).Select(piece => text.Substring(piece.Offset, piece.Length));

    [GeneratedRegex(@"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+")]
    private static partial Regex Pattern();
}
