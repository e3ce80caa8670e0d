using System.Globalization;
using System.Text;
using Microsoft.ML.Tokenizers;

namespace VLPeft.Preprocessing;

/// <summary>
/// Cuts a text by CLIP's pattern <c>'s|'t|'re|'ve|'m|'ll|'d|\p{L}+|\p{N}|[^\s\p{L}\p{N}]+</c>, by code points; white space is dropped.
/// </summary>
internal sealed class ClipPreTokenizer : PreTokenizer
{
    private enum Kind : byte { Other, Letter, Number, Space }

    public static ClipPreTokenizer Instance { get; } = new();

    public override IEnumerable<(int Offset, int Length)> PreTokenize(string text) => PreTokenize(text.AsSpan());

    public override IEnumerable<(int Offset, int Length)> PreTokenize(ReadOnlySpan<char> text)
    {
        var pieces = new List<(int Offset, int Length)>((text.Length / 4) + 1);
        for (int at = 0, length; at < text.Length; at += length)
        {
            length = NextLength(text[at..], out bool space);
            if (!space)
                pieces.Add((at, length));
        }
        return pieces;
    }

    private static int NextLength(ReadOnlySpan<char> text, out bool space)
    {
        Kind kind = KindAt(text, 0, out int end);
        space = kind == Kind.Space;
        int contraction = Gpt2PreTokenizer.Contraction(text);
        if (contraction > 0 || kind == Kind.Number)
            return Math.Max(contraction, end);
        while (end < text.Length && KindAt(text, end, out int width) == kind)
            end += width;
        return end;
    }

    private static Kind KindAt(ReadOnlySpan<char> text, int at, out int width)
    {
        Rune.DecodeFromUtf16(text[at..], out Rune rune, out width);
        if (Rune.IsWhiteSpace(rune))
            return Kind.Space;
        return Rune.GetUnicodeCategory(rune) switch
        {
            <= UnicodeCategory.OtherLetter => Kind.Letter,
            UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber => Kind.Number,
            _ => Kind.Other,
        };
    }
}
