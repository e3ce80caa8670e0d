using System.Runtime.InteropServices;
using System.Text;

namespace VLPeft.Preprocessing;

/// <summary>One token a word: runs of word characters and runs of other visible ones, <c>\w+|[^\w\s]+</c>.</summary>
internal sealed class WordLevelModel(TokenVocabulary vocabulary, bool lowerCase, string unknownToken) : ITokenModel
{
    private readonly int unknown = vocabulary.Require(unknownToken, "the token for unknown words");

    public ReadOnlySpan<char> Normalize(ReadOnlySpan<char> text) => lowerCase ? LowerCase(text) : text;

    public void Encode(ReadOnlySpan<char> normalized, List<int> ids)
    {
        for (int at = 0; NextWord(normalized, ref at, out int end); at = end)
            ids.Add(vocabulary.Lookup.TryGetValue(normalized[at..end], out int id) ? id : unknown);
    }

    public string Decode(List<string> tokens) => string.Join(' ', tokens);

    public static ReadOnlySpan<char> LowerCase(ReadOnlySpan<char> text)
    {
        var lower = new List<char>(text.Length);
        foreach (Rune rune in text.EnumerateRunes())
            UnicodeText.AppendLower(lower, rune);
        return CollectionsMarshal.AsSpan(lower);
    }

    /// <summary>Moves <paramref name="start"/> to the next word and finds its end; false when only white space is left.</summary>
    public static bool NextWord(ReadOnlySpan<char> text, ref int start, out int end)
    {
        while (start < text.Length && char.IsWhiteSpace(text[start]))
            start++;
        end = start;
        bool? inWord = null;
        while (end < text.Length && !char.IsWhiteSpace(text[end]))
        {
            Rune.DecodeFromUtf16(text[end..], out Rune rune, out int width);
            bool word = UnicodeText.IsWord(rune);
            if (inWord is { } before && before != word)
                break;
            inWord = word;
            end += width;
        }
        return end > start;
    }
}
