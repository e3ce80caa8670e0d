using TorchSharp;
using static TorchSharp.torch;

namespace VLPeft.Analysis;

/// <summary>
/// How many directions a matrix really uses: exp of the entropy of its singular values as shares of their sum (Roy and Vetterli, EUSIPCO 2007). 1 for a
/// matrix of rank one, r when r singular values are equal and the rest zero.
/// </summary>
public static class EffectiveRank
{
    /// <param name="matrix">Two-dimensional.</param>
    /// <returns>At least 1; NaN for a matrix of zeros.</returns>
    /// <exception cref="ArgumentException">It is no matrix.</exception>
    public static double Of(Tensor matrix)
    {
        ArgumentNullException.ThrowIfNull(matrix);
        if (matrix.dim() != 2)
            throw new ArgumentException($"a matrix is needed, not ({string.Join(", ", matrix.shape)}).");
        using var scope = NewDisposeScope();
        double[] singular = [.. linalg.svdvals(matrix.detach().to(ScalarType.Float64)).data<double>()];
        double sum = singular.Sum();
        return sum == 0 ? double.NaN : Math.Exp(-singular.Where(value => value > 0).Sum(value => value / sum * Math.Log(value / sum)));
    }
}
