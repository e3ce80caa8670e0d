using static TorchSharp.torch;

namespace VLPeft.Routing;

/// <summary>
/// <c>self-matmul</c>, an ablation: R(x_t, x_v) = x_t x_tᵀ x'_v, x_v broadcast over the T tokens. Since every row of x'_v is x_v, that is
/// (x_t Σ_s x_s) ⊗ x_v: O(T·r), without the T×T matrix. V = 1.
/// </summary>
public sealed class SelfMatmul : IRoutingFunction
{
    /// <inheritdoc/>
    public string Name => "self-matmul";

    /// <inheritdoc/>
    public bool NeedsPooledFeature => true;

    /// <inheritdoc/>
    public Tensor Route(Tensor text, Tensor vision)
    {
        RoutingShapes.RequirePooled(Name, text, vision);
        Tensor scores = text.bmm(text.sum(1, keepdim: true).transpose(1, 2)); // (B, T, 1)
        return scores * vision;
    }
}
