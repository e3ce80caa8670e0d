using TorchSharp;
using VLPeft.Analysis;
using Xunit;
using static TorchSharp.torch;

namespace VLPeft.Tests.Analysis;

/// <summary>The measures have the values that their definitions give by hand.</summary>
public sealed class MeasuresTests : IDisposable
{
    private readonly DisposeScope _scope = NewDisposeScope();
    private readonly Generator _random = new(1);

    public void Dispose()
    {
        _random.Dispose();
        _scope.Dispose();
    }

    [Fact]
    public void CkaDoesNotSeeRotationScaleAndShift()
    {
        Tensor x = randn([60, 8], generator: _random), rotation = linalg.qr(randn([8, 8], generator: _random)).Q;
        Assert.Equal(1, LinearCka.Of(x, x.mm(rotation).Times(7).Plus(3)), 1e-5);
    }

    [Fact]
    public void CkaOfColumnsIsTheirSquaredCorrelation()
    {
        Tensor x = tensor([1.0, 2, 3, 4]).unsqueeze(1), y = tensor([2.0, 1, 4, 3]).unsqueeze(1);
        Assert.Equal(0.36, LinearCka.Of(x, y), 1e-12); // correlation 0.6
    }

    [Fact]
    public void CkaOfIndependentOnesIsSmallAndOfConstantsNone()
    {
        Assert.InRange(LinearCka.Of(randn([4000, 4], generator: _random), randn([4000, 4], generator: _random)), 0, 0.01);
        Assert.True(double.IsNaN(LinearCka.Of(ones(5, 2), randn([5, 2], generator: _random))));
        Assert.Throws<ArgumentException>(() => LinearCka.Of(ones(5, 2), ones(4, 2)));
    }

    [Fact]
    public void EffectiveRankCountsEqualDirections()
    {
        Assert.Equal(1, EffectiveRank.Of(outer(tensor([1f, 2, 3]), tensor([4f, 5]))), 1e-5);
        Assert.Equal(5, EffectiveRank.Of(eye(5).Times(3)), 1e-9);
        double p = 2.0 / 3;
        Assert.Equal(Math.Exp(-(p * Math.Log(p)) - ((1 - p) * Math.Log(1 - p))), EffectiveRank.Of(diag(tensor([2.0, 1.0, 0.0]))), 1e-9);
        Assert.True(double.IsNaN(EffectiveRank.Of(zeros(3, 3))));
        Assert.Throws<ArgumentException>(() => EffectiveRank.Of(ones(3)));
    }
}
