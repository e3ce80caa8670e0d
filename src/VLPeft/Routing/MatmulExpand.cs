using static TorchSharp.torch;

namespace VLPeft.Routing;

/// <summary>
/// <c>matmul-expand</c>, the paper's "matrix multiplication 2": R(x_t, x_v) = x_t x''_v, where every row of the r×r matrix x''_v is
/// x_v. That product is rowsum(x_t) ⊗ x_v, so the matrix is never built: 2·r operations a token. V = 1.
/// </summary>
public sealed class MatmulExpand : IFoldableRoutingFunction
{
    /// <inheritdoc/>
    public string Name => "matmul-expand";

    /// <inheritdoc/>
    public bool NeedsPooledFeature => true;

    /// <inheritdoc/>
    public bool IsPositionWise => true;

    /// <inheritdoc/>
    public Tensor Route(Tensor text, Tensor vision)
    {
        RoutingShapes.RequirePooled(Name, text, vision);
        return text.sum(-1, keepdim: true) * vision;
    }

    /// <summary>W_up (x_v 1ᵀ) W_down, as the outer product of W_up x_vᵀ and the column sums of W_down.</summary>
    public (Tensor Weight, Tensor? Bias) Fold(Tensor down, Tensor up, Tensor vision) =>
        (up.mm(vision.t()).mm(down.sum(0, keepdim: true)), null);
}
