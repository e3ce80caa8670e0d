namespace VLPeft.Preprocessing;

/// <summary>Taking out the spaces that tokenization leaves in decoded text.</summary>
public static class DecodedText
{
    /// <summary>
    /// What <c>clean_up_tokenization_spaces</c> does in transformers: no space before <c>. ? ! ,</c> and before English contractions.
    /// </summary>
    public static string CleanUpSpaces(string text) => text.Contains(' ') ? Contractions(Punctuation(text)) : text;

    private static string Punctuation(string text) => text
        .Replace(" .", ".", StringComparison.Ordinal)
        .Replace(" ?", "?", StringComparison.Ordinal)
        .Replace(" !", "!", StringComparison.Ordinal)
        .Replace(" ,", ",", StringComparison.Ordinal)
        .Replace(" ' ", "'", StringComparison.Ordinal);

    private static string Contractions(string text) => text
        .Replace(" n't", "n't", StringComparison.Ordinal)
        .Replace(" 'm", "'m", StringComparison.Ordinal)
        .Replace(" 's", "'s", StringComparison.Ordinal)
        .Replace(" 've", "'ve", StringComparison.Ordinal)
        .Replace(" 're", "'re", StringComparison.Ordinal);
}
