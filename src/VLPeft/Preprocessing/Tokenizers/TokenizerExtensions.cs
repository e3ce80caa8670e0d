namespace VLPeft.Preprocessing;

/// <summary>Texts as one rectangle of ids, ready to become a tensor of shape (rows, columns).</summary>
/// <param name="Ids">Token ids, row by row, padded on the right.</param>
/// <param name="AttentionMask">1 for a text's own ids, 0 for padding; row by row.</param>
/// <param name="Rows">Number of texts (B).</param>
/// <param name="Columns">Ids in each row (T).</param>
public sealed record TokenBatch(long[] Ids, long[] AttentionMask, int Rows, int Columns);

/// <summary>What can be done with every tokenizer.</summary>
public static class TokenizerExtensions
{
    /// <summary>Encodes texts and pads them on the right with <see cref="ITextTokenizer.PadId"/>.</summary>
    /// <param name="tokenizer">The tokenizer.</param>
    /// <param name="texts">The texts, one a row.</param>
    /// <param name="maxLength">Ids a text may have at most, special tokens included; longer ones are cut.</param>
    /// <param name="padToMaxLength">Pads to <paramref name="maxLength"/> instead of the batch's longest text.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="maxLength"/> leaves no room for the special tokens.</exception>
    public static TokenBatch EncodeBatch(
        this ITextTokenizer tokenizer, IReadOnlyList<string> texts, int maxLength = int.MaxValue, bool padToMaxLength = false)
    {
        int[][] rows = [.. texts.Select(text => tokenizer.Encode(text, maxLength))];
        int columns = padToMaxLength ? maxLength : rows.Select(row => row.Length).DefaultIfEmpty().Max();
        var ids = new long[checked(rows.Length * columns)];
        var mask = new long[ids.Length];
        Array.Fill(ids, tokenizer.PadId);
        for (int i = 0; i < rows.Length; i++)
        {
            for (int j = 0; j < rows[i].Length; j++)
                ids[(i * columns) + j] = rows[i][j];
            mask.AsSpan(i * columns, rows[i].Length).Fill(1);
        }
        return new TokenBatch(ids, mask, rows.Length, columns);
    }
}
