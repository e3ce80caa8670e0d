namespace VLPeft.Parity.Tests;

/// <summary>
/// Some settings amplify rounding beyond any tolerance: the matmul family multiplies three unnormalised factors, softmax saturates, and
/// AdamW divides by the root of tiny squares, so that after fifty steps the last bit of a weight decides the third digit of the loss. Two
/// right implementations (two versions of libtorch even: the forward pass agrees bit for bit, LayerNorm's backward pass does not) then
/// differ visibly. Where the tolerance alone does not hold, the difference must be explained by what is measured here: how far our own
/// result moves when every weight is perturbed by at most one unit in the last place. Where nothing amplifies, that is nothing.
/// </summary>
internal static class RoundingNoise
{
    /// <summary>Rounding happens in every operation of every step, the perturbation in the weights alone.</summary>
    public const double Factor = 4;

    public static IReadOnlyList<long> Seeds { get; } = [1, 2, 3, 4, 5];
}
