using static TorchSharp.torch;

namespace VLPeft.Routing;

/// <summary>
/// R(x_t, x_v): what happens between text and image inside a low-rank bottleneck. Stateless, without parameters of its own and, in the
/// paper's functions, linear in x_t (Qu, Tuytelaars, Moens, ECCV 2024, section 3).
/// </summary>
/// <remarks>B batch, T text tokens, V vision tokens, r rank.</remarks>
public interface IRoutingFunction
{
    /// <summary>The name recipes and reports use, for example <c>multiply</c>.</summary>
    string Name { get; }

    /// <summary>False only for <c>none</c>: then W_down x_R is never computed and no feature has to be given.</summary>
    bool NeedsFeature => true;

    /// <summary>
    /// True when each text position is routed for itself (V = 1), so that a model may compute the one position it reads. False is always
    /// right, only slower.
    /// </summary>
    bool IsPositionWise => false;

    /// <summary>True when it routes by one vector an image (V = 1) only: recipes that give it all tokens are then refused beforehand.</summary>
    bool NeedsPooledFeature => false;

    /// <summary>
    /// True when its gradient is other than zero where x_t and x_v are zero, as a sum's is and a product's is not: what
    /// <c>after-up</c> needs above a LoRA, whose W_up starts at zero.
    /// </summary>
    bool LearnsFromZero => false;

    /// <summary>Routes the text side by the vision side.</summary>
    /// <param name="text">x_t (B, T, r): the hidden states after the down projection.</param>
    /// <param name="vision">x_v (B, V, r): the routing feature after the same down projection.</param>
    /// <returns>(B, T, r).</returns>
    /// <exception cref="ArgumentException">The shapes don't fit this function.</exception>
    Tensor Route(Tensor text, Tensor vision);
}
