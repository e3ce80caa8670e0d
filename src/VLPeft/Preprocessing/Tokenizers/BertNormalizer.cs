using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace VLPeft.Preprocessing;

/// <summary>
/// BERT's cleaning of text, step by step as Hugging Face's fast tokenizer does it; accents go with lower-casing unless said otherwise.
/// </summary>
internal sealed record BertNormalizer(bool CleanText = true, bool SpaceChinese = true, bool? StripAccents = null, bool LowerCase = true)
{
    public ReadOnlySpan<char> Normalize(ReadOnlySpan<char> text)
    {
        var result = new List<char>(text.Length + 8);
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (rune.IsAscii && rune.Value >= ' ' && rune.Value != 0x7F)
                result.Add(LowerCase ? char.ToLowerInvariant((char)rune.Value) : (char)rune.Value);
            else
                Append(result, rune);
        }
        return CollectionsMarshal.AsSpan(result);
    }

    private void Append(List<char> result, Rune rune)
    {
        if (CleanText)
        {
            if (IsDropped(rune))
                return;
            if (Rune.IsWhiteSpace(rune))
                rune = new Rune(' ');
        }
        bool chinese = SpaceChinese && IsChinese(rune.Value);
        if (chinese)
            result.Add(' ');
        AppendLetters(result, rune);
        if (chinese)
            result.Add(' ');
    }

    private void AppendLetters(List<char> result, Rune rune)
    {
        if (!(StripAccents ?? LowerCase))
            AppendCased(result, rune);
        else if (rune.Value is >= 0xAC00 and <= 0xD7A3)
            AppendJamo(result, rune.Value - 0xAC00);
        else if (AccentTable.Letters.TryGetValue(rune.Value, out string? letters))
        {
            foreach (Rune letter in letters.EnumerateRunes())
                AppendCased(result, letter);
        }
        else if (Rune.GetUnicodeCategory(rune) != UnicodeCategory.NonSpacingMark)
            AppendCased(result, rune);
    }

    private void AppendCased(List<char> result, Rune rune)
    {
        if (LowerCase)
            UnicodeText.AppendLower(result, rune);
        else
            UnicodeText.Append(result, rune);
    }

    // Unicode's arithmetic decomposition: 19 leading consonants, 21 vowels, 27 trailing consonants or none.
    private static void AppendJamo(List<char> result, int syllable)
    {
        result.Add((char)(0x1100 + (syllable / (21 * 28))));
        result.Add((char)(0x1161 + (syllable / 28 % 21)));
        if (syllable % 28 != 0)
            result.Add((char)(0x11A7 + (syllable % 28)));
    }

    private static bool IsDropped(Rune rune)
    {
        if (rune.Value is '\t' or '\n' or '\r')
            return false;
        return rune.Value is 0 or 0xFFFD
            || Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.PrivateUse;
    }

    // The ideograph blocks, with the reference's own gap before U+2B920.
    private static bool IsChinese(int code) => code is (>= 0x4E00 and <= 0x9FFF) or (>= 0x3400 and <= 0x4DBF)
        or (>= 0x20000 and <= 0x2A6DF) or (>= 0x2A700 and <= 0x2B81F) or (>= 0x2B920 and <= 0x2CEAF)
        or (>= 0xF900 and <= 0xFAFF) or (>= 0x2F800 and <= 0x2FA1F);
}
