using static TorchSharp.torch;

namespace VLPeft.VisionLanguage;

/// <summary>Binary cross-entropy over soft targets, the mean over batch and answers (method.md §4).</summary>
public static class VqaLoss
{
    /// <summary>A scalar from logits (B, answers) and targets (B, answers) in 0 … 1.</summary>
    /// <exception cref="ArgumentException">The shapes differ.</exception>
    public static Tensor Of(Tensor logits, Tensor targets)
    {
        if (!logits.shape.SequenceEqual(targets.shape))
            throw new ArgumentException($"logits ({string.Join(", ", logits.shape)}) and targets ({string.Join(", ", targets.shape)}) must have one shape.");
        return nn.functional.binary_cross_entropy_with_logits(logits, targets);
    }
}
