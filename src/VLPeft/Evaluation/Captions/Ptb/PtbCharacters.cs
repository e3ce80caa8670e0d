using System.Globalization;
using VLPeft.Evaluation.Captions.Lexing;

namespace VLPeft.Evaluation.Captions.Ptb;

/// <summary>The classes of characters the rules are made of.</summary>
internal static class PtbCharacters
{
    public static readonly CharSet Space = CharSet.Of(" \t\u00A0\u3000", ('\u2000', '\u200A'));

    public static readonly CharSet NewlineCharacter = CharSet.Of("\r\n\u2028\u2029\v\f\u0085");

    /// <summary>One character of white space, so that a context has a fixed length.</summary>
    public static readonly CharSet White = Space | NewlineCharacter;

    public static readonly CharSet Digit = CharSet.Where(char.IsDigit);

    public static readonly CharSet Ascii09 = CharSet.Of("", ('0', '9'));

    public static readonly CharSet AsciiUpper = CharSet.Of("", ('A', 'Z'));

    public static readonly CharSet AsciiLetter = CharSet.Of("", ('A', 'Z'), ('a', 'z'));

    public static readonly CharSet AsciiAlphanumeric = AsciiLetter | Ascii09;

    /// <summary>A letter by Unicode.</summary>
    public static readonly CharSet PlainLetter = CharSet.Where(char.IsLetter);

    public static readonly CharSet Upper = CharSet.Where(char.IsUpper);

    public static readonly CharSet Alphanumeric = PlainLetter | CharSet.Where(char.IsDigit);

    /// <summary>What a word is made of: letters, soft hyphens, and the marks that stand on letters.</summary>
    public static readonly CharSet WordCharacter = PlainLetter | CharSet.Of("\u00AD\u0384\u0385\u03F6", ('\u055A', '\u055F'))
        | CharSet.Where(IsMark);

    public static readonly CharSet Hyphen = CharSet.Of("-_\u058A\u2010\u2011");

    /// <summary>Punctuation within a sentence.</summary>
    public static readonly CharSet Pause = CharSet.Of(",;:\u3001");

    public static readonly CharSet Stop = CharSet.Of(".¡¿\u037E\u0589\u061F\u06D4\u0700\u0701\u0702\u07FA\u3002");

    public static readonly CharSet Quote = CharSet.Of(
        "`\u0082\u0084\u0091\u0092\u0093\u0094\u2018\u2019\u201A\u201B\u201C\u201D\u201E\u201F\u2039\u203A«»");

    public static readonly CharSet Currency = CharSet.Of("¢£¤¥\u0080\u20A0\u20A4\u20AC\u060B\u0E3F\uFFE0\uFFE1\uFFE5\uFFE6");

    /// <summary>Signs that stand alone: mathematics, arrows, pictures, punctuation of other scripts.</summary>
    public static readonly CharSet Sign = CharSet.Of(
        "+%&~^|\\¦§¨©¬®¯×÷\u0387\u05BE\u05C0\u05C3\u05C6\u05F3\u05F4\u060C\u0614\u061B\u061E\u066A\u066D\u07F6\u07F7\u07F8\u0964\u0965\u0E4F" +
        "\u1FBD\u2016\u2017\u203B\u2044\u3012\u30FB",
        ('°', 'º'), ('\u0600', '\u0603'), ('\u0606', '\u060A'), ('\u0703', '\u070D'), ('\u2020', '\u2023'), ('\u2030', '\u2038'),
        ('\u203E', '\u2042'), ('\u207A', '\u207F'), ('\u208A', '\u208E'), ('\u2100', '\u214F'), ('\u2190', '\u2BFF'),
        ('\uFF01', '\uFF0F'), ('\uFF1A', '\uFF20'), ('\uFF3B', '\uFF40'), ('\uFF5B', '\uFF65'));

    // Of the modifier symbols and combining marks the lexer knows those up to Lao.
    private static bool IsMark(char c) => c is >= '\u02C2' and <= '\u0ECD' && char.GetUnicodeCategory(c) is
        UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.ModifierSymbol;
}
