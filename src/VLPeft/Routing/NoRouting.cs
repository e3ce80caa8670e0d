using static TorchSharp.torch;

namespace VLPeft.Routing;

/// <summary><c>none</c>: R(x_t, x_v) = x_t, plain LoRA or Adapter.</summary>
public sealed class NoRouting : IFoldableRoutingFunction
{
    /// <inheritdoc/>
    public string Name => "none";

    /// <inheritdoc/>
    public bool IsPositionWise => true;

    /// <inheritdoc/>
    public bool LearnsFromZero => true;

    /// <inheritdoc/>
    public bool NeedsFeature => false;

    /// <inheritdoc/>
    public Tensor Route(Tensor text, Tensor vision) => text;

    /// <inheritdoc/>
    public (Tensor Weight, Tensor? Bias) Fold(Tensor down, Tensor up, Tensor vision) => (up.mm(down), null);
}
