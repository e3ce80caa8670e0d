using static TorchSharp.torch;

namespace VLPeft.Routing;

/// <summary><c>multiply</c>: R(x_t, x_v) = x_t ∘ x'_v, x_v broadcast over the T tokens (or V = T). r operations a token.</summary>
public sealed class Multiply : IFoldableRoutingFunction
{
    /// <inheritdoc/>
    public string Name => "multiply";

    /// <inheritdoc/>
    public bool NeedsPooledFeature => true;

    /// <inheritdoc/>
    public bool IsPositionWise => true;

    /// <inheritdoc/>
    public Tensor Route(Tensor text, Tensor vision)
    {
        RoutingShapes.RequireBroadcastable(Name, text, vision);
        return text * vision;
    }

    /// <summary>W_up diag(x_v) W_down.</summary>
    public (Tensor Weight, Tensor? Bias) Fold(Tensor down, Tensor up, Tensor vision) => ((up * vision).mm(down), null);
}
