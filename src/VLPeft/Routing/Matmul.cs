using static TorchSharp.torch;

namespace VLPeft.Routing;

/// <summary>
/// <c>matmul</c>, the paper's "matrix multiplication 1": R(x_t, x_v) = x_t x_vᵀ x_v with a true transpose, for any V. The scores
/// (B, T, V) come first, so no r×r matrix is built: 2·V·r operations a token.
/// </summary>
public sealed class Matmul : IFoldableRoutingFunction
{
    /// <inheritdoc/>
    public string Name => "matmul";

    /// <inheritdoc/>
    public bool IsPositionWise => true;

    /// <inheritdoc/>
    public Tensor Route(Tensor text, Tensor vision)
    {
        RoutingShapes.RequireSameBatchAndRank(Name, text, vision);
        Tensor scores = text.bmm(vision.transpose(1, 2)); // (B, T, V)
        return vision.size(1) == 1 ? scores * vision : scores.bmm(vision);
    }

    /// <summary>W_up x_vᵀ x_v W_down, as the outer product of two vectors.</summary>
    public (Tensor Weight, Tensor? Bias) Fold(Tensor down, Tensor up, Tensor vision) =>
        (up.mm(vision.t()).mm(vision.mm(down)), null);
}
