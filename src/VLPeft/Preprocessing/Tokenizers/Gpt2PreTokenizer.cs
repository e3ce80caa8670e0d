using System.Globalization;
using System.Text;
using Microsoft.ML.Tokenizers;

namespace VLPeft.Preprocessing;

/// <summary>
/// Cuts a text by GPT-2's pattern <c>'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+</c>. The library's own
/// <see cref="RobertaPreTokenizer"/> runs that on UTF-16 units, where letters and digits beyond U+FFFF are neither; this one reads code
/// points.
/// </summary>
internal sealed class Gpt2PreTokenizer : PreTokenizer
{
    private enum Kind : byte { Other, Letter, Number, Space }

    public static Gpt2PreTokenizer Instance { get; } = new();

    public override IEnumerable<(int Offset, int Length)> PreTokenize(string text) => PreTokenize(text.AsSpan());

    public override IEnumerable<(int Offset, int Length)> PreTokenize(ReadOnlySpan<char> text)
    {
        var pieces = new List<(int Offset, int Length)>((text.Length / 4) + 1);
        for (int at = 0, length; at < text.Length; at += length)
        {
            length = NextLength(text[at..]);
            pieces.Add((at, length));
        }
        return pieces;
    }

    private static int NextLength(ReadOnlySpan<char> text)
    {
        int contraction = Contraction(text);
        if (contraction > 0)
            return contraction;
        int start = text.Length > 1 && text[0] == ' ' && KindAt(text, 1, out _) != Kind.Space ? 1 : 0;
        Kind kind = KindAt(text, start, out int width);
        int end = start + width;
        while (end < text.Length && KindAt(text, end, out width) == kind)
            end += width;
        // White space before a word leaves its last character to that word, or to itself.
        return kind == Kind.Space && end < text.Length && end > 1 ? end - 1 : end;
    }

    /// <summary>The length of the contraction that the text begins with, 0 for none.</summary>
    public static int Contraction(ReadOnlySpan<char> text)
    {
        if (text[0] != '\'' || text.Length < 2)
            return 0;
        if (text[1] is 's' or 't' or 'm' or 'd')
            return 2;
        return text.Length > 2 && (text[1], text[2]) is ('r', 'e') or ('v', 'e') or ('l', 'l') ? 3 : 0;
    }

    private static Kind KindAt(ReadOnlySpan<char> text, int at, out int width)
    {
        char c = text[at];
        width = 1;
        if (char.IsAsciiLetter(c))
            return Kind.Letter;
        if (char.IsWhiteSpace(c))
            return Kind.Space;
        if (char.IsAscii(c))
            return char.IsAsciiDigit(c) ? Kind.Number : Kind.Other;
        Rune.DecodeFromUtf16(text[at..], out Rune rune, out width);
        return Rune.GetUnicodeCategory(rune) switch
        {
            <= UnicodeCategory.OtherLetter => Kind.Letter,
            UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber => Kind.Number,
            _ => Kind.Other,
        };
    }
}
