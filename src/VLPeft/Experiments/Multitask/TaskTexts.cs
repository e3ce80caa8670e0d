using VLPeft.Data.Batching;
using VLPeft.Preprocessing;
using VLPeft.VisionLanguage;
using static TorchSharp.torch;

namespace VLPeft.Experiments;

/// <summary>A split's rows as tokens with their pictures: makes batches of them.</summary>
internal sealed class TaskTexts
{
    private readonly TextRows _rows;
    private readonly ITextTokenizer _tokenizer;
    private readonly int[][] _tokens;
    private readonly int _targetLength;
    private readonly RowImages _images;

    /// <param name="rows">The rows.</param>
    /// <param name="tokenizer">Text to ids, with special tokens around a text.</param>
    /// <param name="maxLength">Tokens of a text at most, special ones included.</param>
    /// <param name="targetLength">Tokens of a target at most, special ones included.</param>
    /// <param name="images">The rows' pictures, one row's behind the other's.</param>
    public TaskTexts(TextRows rows, ITextTokenizer tokenizer, int maxLength, int targetLength, RowImages images)
    {
        (_rows, _tokenizer, _targetLength, _images) = (rows, tokenizer, targetLength, images);
        _tokens = [.. rows.Texts.Select(text => tokenizer.Encode(text, maxLength))];
        // Batches of captions, whose prompts are alike, are made by the length of what is to be said.
        bool alike = _tokens.All(tokens => tokens.Length == _tokens[0].Length);
        Lengths = [.. _tokens.Select((tokens, row) => alike && rows.Target is not null ? tokenizer.Encode(rows.Target(row, 0).Text, targetLength).Length : tokens.Length)];
    }

    /// <summary>By what rows are put into batches.</summary>
    public int[] Lengths { get; }

    /// <summary>The batch of these rows, in this order.</summary>
    /// <param name="rows">Their numbers.</param>
    /// <param name="pass">The pass over the data, which draws answers.</param>
    public TextBatch Batch(ReadOnlyMemory<int> rows, int pass)
    {
        PaddedBatch text = PaddedBatch.Of(_tokens, rows.Span, _tokenizer.PadId);
        if (!text.HasPadding)
            text.Mask.Dispose(); // not handed on, so nobody else would
        (Tensor Labels, Tensor Weights)? targets = _rows.Target is null ? null : Targets(rows.Span, pass);
        return new TextBatch(text.Ids, text.HasPadding ? text.Mask : null, targets?.Labels, targets?.Weights, _images.Gather(ImagesOf(rows.Span)));
    }

    private (Tensor Labels, Tensor Weights) Targets(ReadOnlySpan<int> rows, int pass)
    {
        int[][] tokens = new int[rows.Length][];
        float[] weights = new float[rows.Length];
        for (int i = 0; i < rows.Length; i++)
        {
            (string text, double weight) = _rows.Target!(rows[i], pass);
            (tokens[i], weights[i]) = (_tokenizer.Encode(text, _targetLength), (float)weight);
        }
        PaddedBatch labels = PaddedBatch.Of(tokens, (int)EncoderDecoderLoss.Ignored);
        labels.Mask.Dispose();
        return (labels.Ids, tensor(weights));
    }

    private ReadOnlySpan<int> ImagesOf(ReadOnlySpan<int> rows)
    {
        int each = _rows.ImagesPerRow;
        int[] images = new int[rows.Length * each];
        for (int i = 0; i < images.Length; i++)
            images[i] = rows[i / each] * each + i % each;
        return images;
    }
}
