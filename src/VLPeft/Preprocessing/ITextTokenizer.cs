namespace VLPeft.Preprocessing;

/// <summary>Text to token ids and back, with a model's own special tokens.</summary>
public interface ITextTokenizer
{
    /// <summary>One more than the largest id.</summary>
    int VocabularySize { get; }

    /// <summary>The id a batch is padded with.</summary>
    int PadId { get; }

    /// <summary>The id that is masked in masked language modelling, or null when the vocabulary has none.</summary>
    int? MaskId { get; }

    /// <summary>Ids of one text with the special tokens of its model, cut to <paramref name="maxLength"/> ids, specials included.</summary>
    int[] Encode(string text, int maxLength = int.MaxValue);

    /// <summary>The text of ids; special tokens are left out when asked to.</summary>
    string Decode(ReadOnlySpan<int> ids, bool skipSpecialTokens = false);
}
