using System.Runtime.InteropServices;
using System.Text;
using Microsoft.ML.Tokenizers;

namespace VLPeft.Preprocessing;

/// <summary>CLIP's byte pair encoding: composed and lower-cased text, white space dropped, the last token of a word marked.</summary>
internal sealed class ClipBpeModel : ITokenModel
{
    public const string EndOfWord = "</w>";

    private readonly BpeTokenizer bpe;

    /// <exception cref="InvalidInputException">A merge needs a token that the vocabulary lacks, or occurs twice.</exception>
    public ClipBpeModel(TokenVocabulary vocabulary, MergeList merges, string? unknownToken)
    {
        merges.Check(vocabulary);
        if (unknownToken is not null)
            vocabulary.Require(unknownToken, "which the model names as its unknown token");
        bpe = BpeTokenizer.Create(new BpeOptions(vocabulary.Ids)
        {
            Merges = merges.Lines,
            ByteLevel = true,
            PreTokenizer = ClipPreTokenizer.Instance,
            EndOfWordSuffix = EndOfWord,
            UnknownToken = unknownToken,
        });
    }

    // NFC, white space to one space, lower case: in this order, code point by code point.
    public ReadOnlySpan<char> Normalize(ReadOnlySpan<char> text)
    {
        ReadOnlySpan<char> composed = Composition.Compose(UnicodeText.ReplaceLoneSurrogates(text));
        var lower = new List<char>(composed.Length);
        bool inSpace = false;
        foreach (Rune rune in composed.EnumerateRunes())
        {
            bool space = Rune.IsWhiteSpace(rune);
            if (!space)
                UnicodeText.AppendLower(lower, rune);
            else if (!inSpace)
                lower.Add(' ');
            inSpace = space;
        }
        return CollectionsMarshal.AsSpan(lower);
    }

    public void Encode(ReadOnlySpan<char> normalized, List<int> ids) =>
        ids.AddRange(bpe.EncodeToIds(normalized, considerPreTokenization: true, considerNormalization: false));

    public string Decode(List<string> tokens) =>
        ByteAlphabet.Decode(tokens).Replace(EndOfWord, " ", StringComparison.Ordinal).Trim(PythonSpaces);

    // str.strip's white space, which has four separators more than Unicode's property.
    private static readonly char[] PythonSpaces =
        [.. Enumerable.Range(0, char.MaxValue + 1).Select(c => (char)c).Where(c => char.IsWhiteSpace(c) || c is >= '\u001c' and <= '\u001f')];
}
