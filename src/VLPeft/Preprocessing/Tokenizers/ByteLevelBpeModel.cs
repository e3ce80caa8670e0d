using Microsoft.ML.Tokenizers;

namespace VLPeft.Preprocessing;

/// <summary>Byte-level byte pair encoding; the merging is Microsoft.ML.Tokenizers'.</summary>
internal sealed class ByteLevelBpeModel : ITokenModel
{
    private readonly BpeTokenizer bpe;
    private readonly bool addPrefixSpace;

    /// <exception cref="InvalidInputException">A merge needs a token that the vocabulary lacks, or occurs twice.</exception>
    public ByteLevelBpeModel(TokenVocabulary vocabulary, MergeList merges, BpeSettings settings)
    {
        merges.Check(vocabulary);
        if (settings.UnknownToken is { } unknown)
            vocabulary.Require(unknown, "which the model names as its unknown token");
        addPrefixSpace = settings.AddPrefixSpace;
        bpe = BpeTokenizer.Create(new BpeOptions(vocabulary.Ids)
        {
            Merges = merges.Lines,
            ByteLevel = true,
            PreTokenizer = Gpt2PreTokenizer.Instance,
            UnknownToken = settings.UnknownToken,
            FuseUnknownTokens = settings.FuseUnknown,
        });
    }

    public ReadOnlySpan<char> Normalize(ReadOnlySpan<char> text) => UnicodeText.ReplaceLoneSurrogates(text);

    public void Encode(ReadOnlySpan<char> normalized, List<int> ids)
    {
        ReadOnlySpan<char> text = addPrefixSpace && normalized[0] != ' ' ? $" {normalized}" : normalized;
        ids.AddRange(bpe.EncodeToIds(text, considerPreTokenization: true, considerNormalization: false));
    }

    public string Decode(List<string> tokens) => ByteAlphabet.Decode(tokens);
}

/// <summary>The options of a byte-level BPE that change its ids.</summary>
internal sealed record BpeSettings(bool AddPrefixSpace = false, string? UnknownToken = null, bool FuseUnknown = false);
