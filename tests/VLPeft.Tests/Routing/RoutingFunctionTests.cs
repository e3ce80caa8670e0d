using TorchSharp;
using VLPeft.Routing;
using Xunit;
using static TorchSharp.torch;

namespace VLPeft.Tests.Routing;

public class RoutingFunctionTests
{
    public static TheoryData<string> Names => [.. KnownRoutingFunctions.Names];

    private static Tensor Random(params long[] shape) => randn(shape, generator: new Generator(7));

    [Theory, MemberData(nameof(Names))]
    public void KeepsTheShapeOfTheText(string name)
    {
        using var scope = NewDisposeScope();
        Assert.Equal([3, 7, 4], KnownRoutingFunctions.Get(name).Route(Random(3, 7, 4), Random(3, 1, 4)).shape);
    }

    [Theory, InlineData("multiply"), InlineData("matmul"), InlineData("matmul-expand"), InlineData("matmul-ones")]
    public void IsLinearInTheText(string name)
    {
        using var scope = NewDisposeScope();
        IRoutingFunction function = KnownRoutingFunctions.Get(name);
        Tensor a = randn(2, 5, 8), b = randn(2, 5, 8), v = randn(2, 1, 8);
        Tensor whole = function.Route(a.Times(2).Plus(b), v);
        Assert.True(whole.allclose(function.Route(a, v).Times(2).Plus(function.Route(b, v)), 1e-4, 1e-4));
    }

    [Theory, MemberData(nameof(Names))]
    public void SaysWhetherItLearnsFromZero(string name)
    {
        using var scope = NewDisposeScope();
        IRoutingFunction function = KnownRoutingFunctions.Get(name);
        Tensor x = zeros(2, 5, 8, requires_grad: true), v = zeros(2, 1, 8, requires_grad: true);
        (function.Route(x, v) * Random(2, 5, 8)).sum().backward();
        Assert.Equal(function.LearnsFromZero, new[] { x, v }.Any(one => one.grad is { } gradient && gradient.abs().max().ToDouble() > 0));
    }

    [Fact]
    public void MatmulEqualsTheProductWithTheRankByRankMatrix()
    {
        using var scope = NewDisposeScope();
        Tensor x = randn(2, 5, 8), v = randn(2, 6, 8);
        Tensor matrix = v.transpose(1, 2).bmm(v); // (B, r, r): what the function never builds
        Assert.True(KnownRoutingFunctions.Matmul.Route(x, v).allclose(x.bmm(matrix), 1e-4, 1e-4));
    }

    [Fact]
    public void MatmulExpandEqualsTheProductWithTheExpandedMatrix()
    {
        using var scope = NewDisposeScope();
        Tensor x = randn(2, 5, 8), v = randn(2, 1, 8);
        Assert.True(KnownRoutingFunctions.MatmulExpand.Route(x, v).allclose(x.bmm(v.expand(2, 8, 8)), 1e-4, 1e-4));
    }

    [Fact]
    public void SelfMatmulEqualsTheLiteralFormula()
    {
        using var scope = NewDisposeScope();
        Tensor x = randn(2, 5, 8), v = randn(2, 1, 8);
        Tensor literal = x.bmm(x.transpose(1, 2)).bmm(v.expand(2, 5, 8));
        Assert.True(KnownRoutingFunctions.Get("self-matmul").Route(x, v).allclose(literal, 1e-4, 1e-4));
    }

    [Theory, InlineData("multiply"), InlineData("add"), InlineData("matmul-expand"), InlineData("self-matmul")]
    public void RefusesManyVisionTokensWherePooledOnesAreNeeded(string name)
    {
        using var scope = NewDisposeScope();
        var error = Assert.Throws<ArgumentException>(() => KnownRoutingFunctions.Get(name).Route(randn(2, 5, 4), randn(2, 3, 4)));
        Assert.Contains("pool", error.Message, StringComparison.Ordinal);
    }

    [Theory, InlineData("multiply"), InlineData("add"), InlineData("matmul"), InlineData("matmul-expand"), InlineData("matmul-relu"), InlineData("self-matmul"), InlineData("matmul-ones")]
    public void RefusesAnotherRankOrBatchInsteadOfAborting(string name)
    {
        using var scope = NewDisposeScope();
        IRoutingFunction function = KnownRoutingFunctions.Get(name);
        Assert.Throws<ArgumentException>(() => function.Route(randn(2, 5, 4), randn(2, 1, 3)));
        Assert.Throws<ArgumentException>(() => function.Route(randn(2, 5, 4), randn(3, 1, 4)));
        Assert.Throws<ArgumentException>(() => function.Route(randn(2, 5, 4), randn(1, 4)));
    }

    [Fact]
    public void AnUnknownNameListsTheKnownOnes()
    {
        var error = Assert.Throws<InvalidInputException>(() => KnownRoutingFunctions.Get("multiplly"));
        Assert.Contains("multiplly", error.Message, StringComparison.Ordinal);
        Assert.Contains("matmul-expand", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void TwoFunctionsCannotHaveOneName() =>
        Assert.Throws<ArgumentException>(() => KnownRoutingFunctions.Register(new Impostor()));

    private sealed class Impostor : IRoutingFunction
    {
        public string Name => "multiply";

        public Tensor Route(Tensor text, Tensor vision) => text;
    }
}
