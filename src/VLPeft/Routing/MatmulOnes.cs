using static TorchSharp.torch;

namespace VLPeft.Routing;

/// <summary><c>matmul-ones</c>, an ablation: R(x_t, x_v) = x_t x_vᵀ 1: the scores of <c>matmul</c> without the image's direction.</summary>
public sealed class MatmulOnes : IRoutingFunction
{
    /// <inheritdoc/>
    public string Name => "matmul-ones";

    /// <inheritdoc/>
    public Tensor Route(Tensor text, Tensor vision)
    {
        RoutingShapes.RequireSameBatchAndRank(Name, text, vision);
        Tensor scores = text.bmm(vision.transpose(1, 2)); // (B, T, V)
        return scores.sum(-1, keepdim: true).expand_as(text);
    }
}
