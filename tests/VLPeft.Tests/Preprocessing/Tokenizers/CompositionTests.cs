using VLPeft.Preprocessing;
using Xunit;

namespace VLPeft.Tests.Preprocessing;

public sealed class CompositionTests
{
    [Theory]
    [InlineData("cafe\u0301", "caf\u00e9")]
    [InlineData("a\u0302\u0301", "\u1ea5")]                  // letter, circumflex, acute
    [InlineData("\u1112\u1161\u11ab", "\ud55c")]            // Hangul
    [InlineData("\u03b1\u0301", "\u03ac")]
    [InlineData("\ud804\udc99\ud804\udcba", "\ud804\udc9a")] // beyond U+FFFF
    [InlineData("plain, caf\u00e9", "plain, caf\u00e9")]
    [InlineData("\u0301e", "\u0301e")]
    [InlineData("", "")]
    public void What_stands_side_by_side_is_joined(string text, string expected) => Assert.Equal(expected, Composition.Compose(text).ToString());

    // NFC would give "Å", and order the accents first.
    [Theory]
    [InlineData("\u212b")]
    [InlineData("e\u0316\u0301")]
    public void Other_order_and_replaced_code_points_stay(string text) => Assert.Equal(text, Composition.Compose(text).ToString());
}
