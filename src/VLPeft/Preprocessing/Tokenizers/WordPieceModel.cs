using System.Text;

namespace VLPeft.Preprocessing;

/// <summary>BERT's WordPiece: words and punctuation marks, each cut greedily into the longest pieces of the vocabulary.</summary>
internal sealed class WordPieceModel : ITokenModel
{
    private const int StackChars = 256;

    private readonly TokenVocabulary vocabulary;
    private readonly WordPieceSettings settings;
    private readonly int unknown;
    private readonly int longestToken;

    /// <exception cref="InvalidInputException">The vocabulary lacks the unknown token.</exception>
    public WordPieceModel(TokenVocabulary vocabulary, WordPieceSettings settings)
    {
        this.vocabulary = vocabulary;
        this.settings = settings;
        unknown = vocabulary.Require(settings.UnknownToken, "WordPiece's token for unknown words");
        longestToken = vocabulary.Ids.Keys.Max(token => token.Length);
    }

    public ReadOnlySpan<char> Normalize(ReadOnlySpan<char> text) => settings.Normalizer.Normalize(text);

    public void Encode(ReadOnlySpan<char> normalized, List<int> ids)
    {
        int wordStart = 0;
        for (int at = 0, width; at < normalized.Length; at += width)
        {
            Rune.DecodeFromUtf16(normalized[at..], out Rune rune, out width);
            bool space = Rune.IsWhiteSpace(rune);
            bool punctuation = !space && IsPunctuation(rune);
            if (!space && !punctuation)
                continue;
            AppendWord(normalized[wordStart..at], ids);
            if (punctuation)
                AppendWord(normalized.Slice(at, width), ids);
            wordStart = at + width;
        }
        AppendWord(normalized[wordStart..], ids);
    }

    public string Decode(List<string> tokens)
    {
        var text = new StringBuilder();
        for (int i = 0; i < tokens.Count; i++)
        {
            string token = tokens[i];
            bool continues = i > 0 && token.StartsWith(settings.ContinuingPrefix, StringComparison.Ordinal);
            string piece = i == 0 ? token : continues ? token[settings.ContinuingPrefix.Length..] : $" {token}";
            text.Append(settings.CleanUpDecoded ? DecodedText.CleanUpSpaces(piece) : piece);
        }
        return text.ToString();
    }

    private void AppendWord(ReadOnlySpan<char> word, List<int> ids)
    {
        if (word.IsEmpty)
            return;
        if (IsTooLong(word))
        {
            ids.Add(unknown);
            return;
        }
        int before = ids.Count;
        if (TryAppendPieces(word, ids))
            return;
        ids.RemoveRange(before, ids.Count - before);
        ids.Add(unknown);
    }

    private bool TryAppendPieces(ReadOnlySpan<char> word, List<int> ids)
    {
        ReadOnlySpan<char> prefix = settings.ContinuingPrefix;
        int size = prefix.Length + word.Length;
        Span<char> buffer = size <= StackChars ? stackalloc char[StackChars] : new char[size];
        word.CopyTo(buffer[prefix.Length..]);
        for (int start = 0; start < word.Length;)
        {
            // The prefix is written over what is consumed already, right before the rest of the word.
            if (start > 0)
                prefix.CopyTo(buffer[start..]);
            ReadOnlySpan<char> rest = start > 0 ? buffer[start..size] : word;
            int used = LongestPiece(rest, start > 0 ? prefix.Length : 0, out int id);
            if (used == 0)
                return false;
            ids.Add(id);
            start += used;
        }
        return true;
    }

    /// <summary>
    /// How many characters of the word the longest token takes that <paramref name="text"/> (prefix and rest of the word) begins with.
    /// </summary>
    private int LongestPiece(ReadOnlySpan<char> text, int prefixLength, out int id)
    {
        for (int end = Math.Min(text.Length, longestToken); end > prefixLength; end--)
        {
            if (vocabulary.Lookup.TryGetValue(text[..end], out id))
                return end - prefixLength;
        }
        id = 0;
        return 0;
    }

    private bool IsTooLong(ReadOnlySpan<char> word)
    {
        if (word.Length <= settings.MaxWordLength)
            return false;
        int length = 0;
        foreach (Rune _ in word.EnumerateRunes())
            length++;
        return length > settings.MaxWordLength;
    }

    private static bool IsPunctuation(Rune rune) => rune.IsAscii
        ? char.IsPunctuation((char)rune.Value) || char.IsSymbol((char)rune.Value)
        : Rune.IsPunctuation(rune);
}

/// <summary>The options of a WordPiece tokenizer; words of more than <c>MaxWordLength</c> code points are unknown.</summary>
internal sealed record WordPieceSettings(
    BertNormalizer Normalizer, string UnknownToken = "[UNK]", string ContinuingPrefix = "##", int MaxWordLength = 100,
    bool CleanUpDecoded = true);
