using System.Globalization;
using System.Text;

namespace VLPeft.Preprocessing;

/// <summary>Character classes and case as the reference tokenizers see them: by code point, independent of the culture.</summary>
internal static class UnicodeText
{
    /// <summary>A word character of the regular expression <c>\w</c>: letter, mark, decimal or letter number, connector, joiner.</summary>
    public static bool IsWord(Rune rune)
    {
        if (rune.IsAscii)
            return char.IsAsciiLetterOrDigit((char)rune.Value) || rune.Value == '_';
        return Rune.GetUnicodeCategory(rune) switch
        {
            <= UnicodeCategory.OtherLetter => true,
            UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark => true,
            UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.ConnectorPunctuation => true,
            // Symbols that Unicode calls alphabetic: circled and squared letters.
            UnicodeCategory.OtherSymbol => rune.Value is (>= 0x24B6 and <= 0x24E9)
                or (>= 0x1F130 and <= 0x1F149) or (>= 0x1F150 and <= 0x1F169) or (>= 0x1F170 and <= 0x1F189),
            _ => rune.Value is 0x200C or 0x200D,
        };
    }

    public static bool StartsWithWord(ReadOnlySpan<char> text) =>
        Rune.DecodeFromUtf16(text, out Rune rune, out _) == System.Buffers.OperationStatus.Done && IsWord(rune);

    public static bool EndsWithWord(ReadOnlySpan<char> text) =>
        Rune.DecodeLastFromUtf16(text, out Rune rune, out _) == System.Buffers.OperationStatus.Done && IsWord(rune);

    /// <summary>Appends a code point in lower case, each by itself (no final sigma), as Rust's <c>char::to_lowercase</c> does.</summary>
    public static void AppendLower(List<char> text, Rune rune)
    {
        // The one code point whose lower case is longer than itself; .NET leaves it alone.
        if (rune.Value == 0x130)
            text.AddRange("i\u0307");
        else
            Append(text, Rune.ToLowerInvariant(rune));
    }

    public static void Append(List<char> text, Rune rune)
    {
        if (rune.IsBmp)
        {
            text.Add((char)rune.Value);
            return;
        }
        Span<char> pair = stackalloc char[2];
        rune.EncodeToUtf16(pair);
        text.AddRange(pair);
    }

    /// <summary>The text with every surrogate that has no partner replaced by U+FFFD.</summary>
    public static ReadOnlySpan<char> ReplaceLoneSurrogates(ReadOnlySpan<char> text)
    {
        if (!text.ContainsAnyInRange('\uD800', '\uDFFF'))
            return text;
        var clean = new List<char>(text.Length);
        foreach (Rune rune in text.EnumerateRunes())
            Append(clean, rune);
        return System.Runtime.InteropServices.CollectionsMarshal.AsSpan(clean);
    }
}
