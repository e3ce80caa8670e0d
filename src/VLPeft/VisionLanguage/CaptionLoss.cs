using static TorchSharp.torch;

namespace VLPeft.VisionLanguage;

/// <summary>Which positions of a caption are learnt (method.md §5).</summary>
public enum CaptionLossKind
{
    /// <summary>Every token, the first from the prefix, up to and with the first end-of-text token.</summary>
    FromPrefix,

    /// <summary>
    /// The reference's: the first token is not learnt, label 0 (the token "!") is left out, and padding is learnt.
    /// </summary>
    Reference,
}

/// <summary>Cross-entropy of the next token, the mean over the labels that count in the batch.</summary>
public static class CaptionLoss
{
    private const long Ignored = -100, ReferenceIgnored = 0;

    /// <summary>A scalar from the logits of a visual prefix with its captions.</summary>
    /// <param name="logits">(B, P + T, vocabulary), P ≥ 1 prefix positions first.</param>
    /// <param name="ids">(B, T), int64: the captions, padded with the end-of-text token.</param>
    /// <param name="endId">The end-of-text token.</param>
    /// <param name="kind">Which labels count.</param>
    /// <exception cref="ArgumentException">The shapes don't belong together, or no label is left.</exception>
    public static Tensor Of(Tensor logits, Tensor ids, long endId, CaptionLossKind kind = CaptionLossKind.FromPrefix)
    {
        bool reference = kind == CaptionLossKind.Reference;
        if (logits.dim() != 3 || ids.dim() != 2 || logits.size(0) != ids.size(0) || logits.size(1) <= ids.size(1) || ids.size(1) < (reference ? 2 : 1))
            throw new ArgumentException($"expected logits (B, P + T, vocabulary) and ids (B, T) with P ≥ 1 and T ≥ {(reference ? 2 : 1)}, "
                + $"got ({string.Join(", ", logits.shape)}) and ({string.Join(", ", ids.shape)}).");
        using var scope = NewDisposeScope();
        long first = reference ? 1 : 0, prefix = logits.size(1) - ids.size(1), count = ids.size(1) - first;
        Tensor labels = (reference ? ids : BehindTheEndIgnored(ids, endId)).narrow(1, first, count);
        Tensor scores = logits.narrow(1, prefix - 1 + first, count); // position t predicts token t + 1
        return scope.MoveToOuter(nn.functional.cross_entropy(
            scores.flatten(0, 1), labels.flatten(), ignore_index: reference ? ReferenceIgnored : Ignored));
    }

    private static Tensor BehindTheEndIgnored(Tensor ids, long endId)
    {
        Tensor end = ids.eq(Scalars.Of(endId)).to(ScalarType.Int64);
        return ids.masked_fill((end.cumsum(1) - end).gt(Scalars.Of(0)), Scalars.Of(Ignored));
    }
}
