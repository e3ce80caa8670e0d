using VLPeft.Data.Batching;
using VLPeft.Preprocessing;

namespace VLPeft.Experiments;

/// <summary>A split's captions as tokens, one row a caption, with their pictures: makes batches of them.</summary>
internal sealed class CaptionTexts
{
    private readonly int[][] _tokens;
    private readonly int _endId, _maxLength;
    private readonly bool _padToMaxLength;
    private readonly RowImages _images;

    /// <param name="split">The split.</param>
    /// <param name="tokenizer">Text to ids, without special tokens.</param>
    /// <param name="endId">The end-of-text token, which captions are padded with.</param>
    /// <param name="maxLength">Tokens of a caption at most; one that is cut has no end.</param>
    /// <param name="padToMaxLength">For the reference's loss, which learns the padding.</param>
    /// <param name="images">Makes the rows' pictures.</param>
    public CaptionTexts(
        CaptionSplit split, ITextTokenizer tokenizer, long endId, int maxLength, bool padToMaxLength, Func<IReadOnlyList<long>, RowImages> images)
    {
        (_endId, _maxLength, _padToMaxLength) = (checked((int)endId), maxLength, padToMaxLength);
        _tokens = [.. split.Pictures.SelectMany(picture => picture.Captions).Select(caption => tokenizer.Encode(caption, maxLength))];
        _images = images([.. split.Pictures.SelectMany(picture => picture.Captions.Select(_ => picture.ImageId))]);
        Lengths = [.. _tokens.Select(tokens => tokens.Length)];
    }

    public int[] Lengths { get; }

    /// <summary>How many captions are cut.</summary>
    public int Cut => Lengths.Count(length => length == _maxLength);

    /// <summary>The batch of these captions, in this order.</summary>
    public CaptionBatch Batch(ReadOnlyMemory<int> captions)
    {
        int longest = 0;
        foreach (int caption in captions.Span)
            longest = Math.Max(longest, Lengths[caption]);
        PaddedBatch text = PaddedBatch.Of(_tokens, captions.Span, _endId, _padToMaxLength ? _maxLength : Math.Min(longest + 1, _maxLength));
        return new CaptionBatch(text.Ids, text.Mask, _images.Gather(captions.Span));
    }
}
