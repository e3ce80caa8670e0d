namespace VLPeft.Preprocessing;

/// <summary>What lies between a tokenizer's special tokens: text to ids and token strings back to text.</summary>
internal interface ITokenModel
{
    /// <summary>The text after the model's normalizer (lower case, accents…).</summary>
    ReadOnlySpan<char> Normalize(ReadOnlySpan<char> text);

    /// <summary>Appends the ids of a normalized text that holds no special token.</summary>
    void Encode(ReadOnlySpan<char> normalized, List<int> ids);

    /// <summary>Joins tokens, special ones among them, to a text.</summary>
    string Decode(List<string> tokens);
}
