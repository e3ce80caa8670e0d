namespace VLPeft.Models;

/// <summary>
/// The dropout inside a backbone: active in train mode, also when the backbone is frozen (the pretrained configurations carry 0.1, and
/// the reference trains with it; method.md §8.7).
/// </summary>
/// <param name="Hidden">Probability, in [0, 1), on embeddings and on the outputs of attention and feed-forward.</param>
/// <param name="Attention">Probability, in [0, 1), on attention weights.</param>
/// <param name="Path">Probability, in [0, 1), of skipping the last layer's residual branches for a sample; grows linearly from 0 at the
/// first layer (stochastic depth; BEiT only).</param>
public sealed record BackboneDropout(double Hidden, double Attention, double Path = 0)
{
    /// <summary>No dropout: train and eval mode compute the same.</summary>
    public static BackboneDropout None { get; } = new(0, 0);
}
