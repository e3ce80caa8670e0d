using TorchSharp;
using static TorchSharp.torch;

namespace VLPeft.Analysis;

/// <summary>
/// Linear centred kernel alignment of two representations of the same examples (Kornblith et al., ICML 2019): ‖YᵀX‖² / (‖XᵀX‖ ‖YᵀY‖) with centred columns
/// and Frobenius norms. 1 when one is a rotation and scaling of the other, near 0 when they have nothing in common.
/// </summary>
public static class LinearCka
{
    /// <summary>The alignment of two representations.</summary>
    /// <param name="x">(N, p).</param>
    /// <param name="y">(N, q).</param>
    /// <returns>0 … 1; NaN when one of them does not vary.</returns>
    /// <exception cref="ArgumentException">They are no matrices, or have another number of rows.</exception>
    public static double Of(Tensor x, Tensor y)
    {
        ArgumentNullException.ThrowIfNull(x);
        ArgumentNullException.ThrowIfNull(y);
        if (x.dim() != 2 || y.dim() != 2 || x.size(0) != y.size(0))
            throw new ArgumentException($"two representations of the same N examples are needed, (N, p) and (N, q), not ({string.Join(", ", x.shape)}) and ({string.Join(", ", y.shape)}).");
        using var scope = NewDisposeScope();
        Tensor a = Centred(x), b = Centred(y);
        double cross = Norm(b.t().mm(a)), own = Norm(a.t().mm(a)) * Norm(b.t().mm(b));
        return own == 0 ? double.NaN : cross * cross / own;
    }

    private static Tensor Centred(Tensor x)
    {
        Tensor wide = x.to(ScalarType.Float64);
        return wide - wide.mean([0], keepdim: true);
    }

    private static double Norm(Tensor x) => x.pow(Scalars.Of(2)).sum().sqrt().ToDouble();
}
