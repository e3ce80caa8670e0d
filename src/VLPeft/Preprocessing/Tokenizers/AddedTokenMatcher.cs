using System.Buffers;

namespace VLPeft.Preprocessing;

/// <summary>Finds added tokens in a text: the leftmost one, the longest among those that begin there.</summary>
internal sealed class AddedTokenMatcher
{
    private readonly SearchValues<string>? contents;
    private readonly (string Content, AddedToken Token)[] longestFirst;

    /// <param name="tokens">Each token with the form it has in the searched text.</param>
    public AddedTokenMatcher(IEnumerable<(string Content, AddedToken Token)> tokens)
    {
        longestFirst = [.. tokens.Where(t => t.Content.Length > 0).OrderByDescending(t => t.Content.Length)];
        if (longestFirst.Length > 0)
            contents = SearchValues.Create([.. longestFirst.Select(t => t.Content)], StringComparison.Ordinal);
    }

    /// <summary>The next token at or after <paramref name="from"/>; the found range takes in the white space the token swallows.</summary>
    public bool Find(ReadOnlySpan<char> text, int from, out int start, out int end, out int id)
    {
        (start, end, id) = (text.Length, text.Length, 0);
        if (contents is null)
            return false;
        for (int at = from; ;)
        {
            int offset = text[at..].IndexOfAny(contents);
            if (offset < 0)
                return false;
            at += offset;
            (string content, AddedToken token) = Longest(text[at..]);
            (start, end, id) = (at, at + content.Length, token.Id);
            if (!token.SingleWord || StandsAlone(text, start, end))
            {
                while (token.LStrip && start > from && char.IsWhiteSpace(text[start - 1]))
                    start--;
                while (token.RStrip && end < text.Length && char.IsWhiteSpace(text[end]))
                    end++;
                return true;
            }
            at = end;
        }
    }

    private (string Content, AddedToken Token) Longest(ReadOnlySpan<char> text)
    {
        foreach ((string Content, AddedToken Token) candidate in longestFirst)
        {
            if (text.StartsWith(candidate.Content))
                return candidate;
        }
        throw new InvalidOperationException("The search found a token that none of the tokens begins with.");
    }

    private static bool StandsAlone(ReadOnlySpan<char> text, int start, int end) =>
        !UnicodeText.EndsWithWord(text[..start]) && !UnicodeText.StartsWithWord(text[end..]);
}
