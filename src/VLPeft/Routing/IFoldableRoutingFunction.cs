using static TorchSharp.torch;

namespace VLPeft.Routing;

/// <summary>
/// A routing function that, for one fixed image with V = 1, turns a whole bottleneck into one matrix and a bias: what makes decoding as
/// cheap as the base model (method.md §3).
/// </summary>
public interface IFoldableRoutingFunction : IRoutingFunction
{
    /// <summary>W_up R(W_down ·, x_v) as a matrix and, where there is one, a bias.</summary>
    /// <param name="down">W_down (r, d).</param>
    /// <param name="up">W_up (d_out, r).</param>
    /// <param name="vision">x_v = W_down x_R (1, r).</param>
    /// <returns>The weight (d_out, d) and the bias (d_out), null when it is zero.</returns>
    (Tensor Weight, Tensor? Bias) Fold(Tensor down, Tensor up, Tensor vision);
}
