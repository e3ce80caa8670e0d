using TorchSharp;
using static TorchSharp.torch;

namespace VLPeft.VisionLanguage;

/// <summary>What an encoder-decoder is trained by (method.md §6): the mean over a sample's label tokens, times the sample's weight, the mean over the batch.</summary>
public static class EncoderDecoderLoss
{
    /// <summary>The label that counts nothing.</summary>
    public const long Ignored = -100;

    /// <param name="logits">(B, Q, vocabulary).</param>
    /// <param name="labels">(B, Q), int64; <see cref="Ignored"/> behind a sample's end.</param>
    /// <param name="weights">(B): the score of the answer that is learnt; null for 1.</param>
    /// <returns>A scalar.</returns>
    /// <exception cref="ArgumentException">A shape is wrong.</exception>
    public static Tensor Of(Tensor logits, Tensor labels, Tensor? weights)
    {
        ArgumentNullException.ThrowIfNull(logits);
        Models.Layers.Expect(logits, "logits", "(B, Q, vocabulary)", -1, -1, -1);
        Models.Layers.Expect(labels, "labels", "(B, Q)", logits.shape[0], logits.shape[1]);
        if (weights is not null)
            Models.Layers.Expect(weights, "loss weights", "(B)", logits.shape[0]);
        using var scope = NewDisposeScope();
        Tensor each = nn.functional.cross_entropy(logits.flatten(0, 1), labels.flatten(), ignore_index: Ignored, reduction: nn.Reduction.None).view(labels.shape);
        Tensor mean = each.sum(1) / labels.ne(Scalars.Of(Ignored)).sum(1).clamp_min(Scalars.One);
        return scope.MoveToOuter((weights is null ? mean : mean * weights).mean());
    }

    /// <summary>What the decoder is fed for labels: the start token, then the labels but the last, ignored ones as padding.</summary>
    /// <param name="labels">(B, Q), int64.</param>
    /// <param name="startId">The token that a target starts with.</param>
    /// <param name="paddingId">The token of padding.</param>
    /// <returns>(B, Q).</returns>
    public static Tensor Targets(Tensor labels, long startId, long paddingId)
    {
        Models.Layers.Expect(labels, "labels", "(B, Q)", -1, -1);
        using var scope = NewDisposeScope();
        Tensor start = full([labels.shape[0], 1], Scalars.Of(startId), ScalarType.Int64, labels.device);
        Tensor shifted = cat([start, labels.narrow(1, 0, labels.shape[1] - 1)], 1);
        return scope.MoveToOuter(shifted.masked_fill(shifted.eq(Scalars.Of(Ignored)), Scalars.Of(paddingId)));
    }
}
