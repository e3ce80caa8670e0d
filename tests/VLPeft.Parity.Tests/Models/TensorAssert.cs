using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace VLPeft.Parity.Tests.Models;

/// <summary>Whole tensors compared: the largest difference against the largest absolute expected value.</summary>
internal static class TensorAssert
{
    /// <summary>Tolerance of complete models in fp32 (method: fixtures/README.md).</summary>
    public const double Model = 1e-4;

    /// <summary>Tolerance of single blocks in fp32, which these small models keep as a whole.</summary>
    public const double Block = 1e-5;

    public static void Close(Tensor expected, Tensor actual, double tolerance, string what)
    {
        using var scope = NewDisposeScope();
        Assert.Equal(expected.shape, actual.shape);
        Assert.Equal(expected.dtype, actual.dtype);
        double scale = Math.Max(expected.abs().max().ToDouble(), 1e-12);
        double difference = (expected - actual).abs().max().ToDouble();
        Assert.True(
            difference <= tolerance * scale,
            $"{what}: differs by {difference:g3}, {difference / scale:g3} of the largest value {scale:g3}");
    }
}
