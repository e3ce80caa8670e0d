using System.Buffers;
using System.Globalization;
using System.Text;

namespace VLPeft.Evaluation;

/// <summary>The Python whose text functions an evaluator runs with: they differ in what is a digit, white space and lower case.</summary>
internal enum Python
{
    Two,
    Three,
}

/// <summary>Python's text and rounding functions where .NET's differ.</summary>
internal static class PythonText
{
    // str.isspace in the BMP. .NET's has U+001C … U+001F not; Python 2.7 (Unicode 5.2) has U+180E too.
    private const string Spaces =
        "\t\n\v\f\r\u001C\u001D\u001E\u001F \u0085\u00A0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200A" +
        "\u2028\u2029\u202F\u205F\u3000";

    private static readonly SearchValues<char> Spaces2 = SearchValues.Create(Spaces + "\u180E");
    private static readonly SearchValues<char> Spaces3 = SearchValues.Create(Spaces);

    public static SearchValues<char> White(Python python) => python == Python.Two ? Spaces2 : Spaces3;

    /// <summary>unicode.strip().</summary>
    public static string Strip(string text, Python python)
    {
        int start = text.AsSpan().IndexOfAnyExcept(White(python));
        return start < 0 ? "" : text[start..(text.AsSpan().LastIndexOfAnyExcept(White(python)) + 1)];
    }

    /// <summary>unicode.lower(), but for Python 3's final sigma and for letters that came after Python 2's Unicode 5.2.</summary>
    public static string Lower(string text, Python python)
    {
        // .NET's invariant mapping leaves this one letter alone.
        string lower = text.ToLowerInvariant();
        return lower.Replace("\u0130", python == Python.Two ? "i" : "i\u0307", StringComparison.Ordinal);
    }

    /// <summary>Whether the text starts with what a regular expression's \d matches: without flags Python 2 takes ASCII alone.</summary>
    public static bool StartsWithDigit(ReadOnlySpan<char> text, Python python) => python == Python.Two
        ? text.Length > 0 && char.IsAsciiDigit(text[0])
        : Rune.DecodeFromUtf16(text, out Rune rune, out _) == OperationStatus.Done && IsDecimal(rune);

    /// <inheritdoc cref="StartsWithDigit"/>
    public static bool EndsWithDigit(ReadOnlySpan<char> text, Python python) => python == Python.Two
        ? text.Length > 0 && char.IsAsciiDigit(text[^1])
        : Rune.DecodeLastFromUtf16(text, out Rune rune, out _) == OperationStatus.Done && IsDecimal(rune);

    /// <summary>
    /// round(value, 2) for values from 0 to 10^13: to the nearest by the exact binary value, ties away from zero in Python 2, to even in
    /// Python 3. Math.Round multiplies by 100 first and so sees ties where there are none.
    /// </summary>
    public static double RoundTo2(double value, Python python)
    {
        double scaled = value * 100;
        double error = Math.FusedMultiplyAdd(value, 100, -scaled);
        double below = Math.Floor(scaled);
        double overHalf = (scaled - below - 0.5) + error;
        bool up = overHalf > 0 || (overHalf == 0 && (python == Python.Two || below % 2 != 0));
        return (up ? below + 1 : below) / 100;
    }

    private static bool IsDecimal(Rune rune) => Rune.GetUnicodeCategory(rune) == UnicodeCategory.DecimalDigitNumber;
}
