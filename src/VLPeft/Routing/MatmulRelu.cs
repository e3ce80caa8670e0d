using static TorchSharp.torch;

namespace VLPeft.Routing;

/// <summary><c>matmul-relu</c>, an ablation: R(x_t, x_v) = ReLU(x_t) ReLU(x_vᵀ) x_v; what is lost when the function is not linear.</summary>
public sealed class MatmulRelu : IRoutingFunction
{
    /// <inheritdoc/>
    public string Name => "matmul-relu";

    /// <inheritdoc/>
    public Tensor Route(Tensor text, Tensor vision)
    {
        RoutingShapes.RequireSameBatchAndRank(Name, text, vision);
        Tensor scores = text.relu().bmm(vision.relu().transpose(1, 2)); // (B, T, V)
        return scores.bmm(vision);
    }
}
