using VLPeft.Models;
using VLPeft.Routing;

namespace VLPeft.Peft;

/// <summary>How the weights of a bottleneck start.</summary>
public enum BottleneckInitialization
{
    /// <summary>LoRA: down Kaiming uniform with a = √5, up zero, so that the model starts unchanged.</summary>
    ZeroUp,

    /// <summary>Adapter: both projections like a fresh linear layer.</summary>
    Linear,
}

/// <summary>What a bottleneck is made of; the widths come from the site it is attached to.</summary>
/// <param name="Rank">r ≥ 1.</param>
/// <param name="Scale">The factor of its output: alpha / r for LoRA, 1 for Adapter.</param>
/// <param name="Kind">Where and how text and image meet: see <see cref="KnownBottlenecks"/>.</param>
/// <param name="Routing">R; <c>none</c> for plain LoRA or Adapter.</param>
/// <param name="Bias">Whether the projections have biases.</param>
/// <param name="Dropout">Probability, 0 ≤ p &lt; 1, applied to x_H and x_R while training.</param>
/// <param name="Activation">After routing, before the up projection; null for none.</param>
/// <param name="Initialization">How the weights start.</param>
public sealed record BottleneckOptions(
    long Rank,
    double Scale,
    IBottleneckKind Kind,
    IRoutingFunction Routing,
    bool Bias = false,
    double Dropout = 0,
    HiddenActivation? Activation = null,
    BottleneckInitialization Initialization = BottleneckInitialization.ZeroUp)
{
    /// <summary>Whether x_R is needed in the forward pass.</summary>
    public bool IsRouted => Kind.AlwaysUsesFeature || Routing.NeedsFeature;

    /// <exception cref="InvalidInputException">A value is out of its range.</exception>
    internal void Validate()
    {
        if (Rank < 1)
            throw new InvalidInputException($"rank: expected at least 1, got {Rank}.");
        if (!double.IsFinite(Scale) || Scale == 0)
            throw new InvalidInputException($"scale (alpha / rank): expected a finite number other than 0, got {Scale}.");
        if (Dropout is not (>= 0 and < 1))
            throw new InvalidInputException($"dropout: expected 0 ≤ p < 1, got {Dropout}.");
        Kind.Validate(Rank);
    }
}
