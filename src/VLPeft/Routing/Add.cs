using static TorchSharp.torch;

namespace VLPeft.Routing;

/// <summary><c>add</c>: R(x_t, x_v) = x_t + x'_v, x_v broadcast over the T tokens (or V = T). r operations a token.</summary>
public sealed class Add : IFoldableRoutingFunction
{
    /// <inheritdoc/>
    public string Name => "add";

    /// <inheritdoc/>
    public bool NeedsPooledFeature => true;

    /// <inheritdoc/>
    public bool IsPositionWise => true;

    /// <inheritdoc/>
    public bool LearnsFromZero => true;

    /// <inheritdoc/>
    public Tensor Route(Tensor text, Tensor vision)
    {
        RoutingShapes.RequireBroadcastable(Name, text, vision);
        return text.Plus(vision);
    }

    /// <summary>W_up W_down with the bias W_up x_v.</summary>
    public (Tensor Weight, Tensor? Bias) Fold(Tensor down, Tensor up, Tensor vision) =>
        (up.mm(down), up.mm(vision.t()).squeeze(1));
}
