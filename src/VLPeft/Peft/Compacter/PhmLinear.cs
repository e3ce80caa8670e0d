using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace VLPeft.Peft;

/// <summary>
/// y = W x + b with W = (Σ_i A_i ⊗ B_i)ᵀ (Zhang et al., 2021): A (n, n, n) is given, B_i (in / n, out / n) is trained whole, or as u_i v_i of a rank.
/// </summary>
internal sealed class PhmLinear : nn.Module
{
    private readonly Parameter left; // (n, in / n, rank), or B whole
    private readonly Parameter? right; // (n, rank, out / n)
    private readonly Parameter bias;

    /// <param name="inputs">In, a multiple of n.</param>
    /// <param name="outputs">Out, a multiple of n.</param>
    /// <param name="dimension">n.</param>
    /// <param name="rank">0 for whole matrices.</param>
    /// <param name="own">Makes a parameter of a tensor.</param>
    public PhmLinear(long inputs, long outputs, long dimension, long rank, Func<Tensor, Parameter> own) : base(nameof(PhmLinear))
    {
        long rows = inputs / dimension, columns = outputs / dimension;
        left = own(Glorot(dimension, rows, rank == 0 ? columns : rank));
        right = rank == 0 ? null : own(Glorot(dimension, rank, columns));
        bias = own(zeros(outputs));
        RegisterComponents();
    }

    /// <summary>(…, in) → (…, out), in the type of x.</summary>
    public Tensor Run(Tensor x, Tensor rule)
    {
        Tensor weight = Weight(rule).t(); // (out, in)
        return nn.functional.linear(x, weight.to(x.dtype), bias.to(x.dtype));
    }

    /// <summary>Σ_i A_i ⊗ B_i, (in, out).</summary>
    public Tensor Weight(Tensor rule)
    {
        Tensor parts = right is null ? left : bmm(left, right); // (n, in / n, out / n)
        return einsum("iab,icd->acbd", rule, parts).reshape(rule.shape[1] * parts.shape[1], rule.shape[2] * parts.shape[2]);
    }

    private static Tensor Glorot(long count, long rows, long columns)
    {
        double bound = Math.Sqrt(6.0 / (rows + columns));
        return rand(count, rows, columns).Times(2 * bound).sub(Scalars.Of(bound));
    }
}
