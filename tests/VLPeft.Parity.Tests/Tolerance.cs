using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace VLPeft.Parity.Tests;

/// <summary>The one table of tolerances, fp32. Whole tensors are compared, relative to the largest magnitude expected (at least 1).</summary>
public static class Tolerance
{
    public const double Op = 1e-6;
    public const double Block = 1e-5;
    public const double Model = 1e-4;
    public const double Trajectory = 1e-3;

    /// <summary>Fails when any element differs by more than the tolerance times max(1, max|expected|), or a shape differs.</summary>
    /// <param name="expected">The fixture's.</param>
    /// <param name="actual">Ours.</param>
    /// <param name="tolerance">One of the above.</param>
    /// <param name="what">For the message.</param>
    /// <param name="magnitude">In place of 1: of the terms that <paramref name="expected"/> is the small difference of.</param>
    public static void AssertClose(Tensor expected, Tensor actual, double tolerance, string what, double magnitude = 1)
    {
        using DisposeScope scope = NewDisposeScope();
        Assert.True(expected.shape.SequenceEqual(actual.shape), $"{what}: expected shape ({string.Join(", ", expected.shape)}), got ({string.Join(", ", actual.shape)})");
        if (expected.numel() == 0)
            return;
        Tensor e = expected.to(float64), a = actual.detach().to(float64);
        double worst = (e - a).abs().max().item<double>();
        double scale = Math.Max(magnitude, e.abs().max().item<double>());
        Assert.True(worst <= tolerance * scale, $"{what}: differs by {worst:g3}, allowed {tolerance:g3} × {scale:g3}"); // false for NaN too
    }
}
