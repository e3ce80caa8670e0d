using TorchSharp;
using TorchSharp.Modules;
using VLPeft.Models;
using VLPeft.Peft;
using Xunit;
using static TorchSharp.torch;

namespace VLPeft.Tests.Peft;

public class CompacterTests
{
    private static readonly CompacterOptions Options = new(ModulePattern.Suffixes("query"), 8, 4, HiddenActivation.Relu) { PhmDimension = 2 };

    private static void Randomize(PeftModel peft)
    {
        using (no_grad())
            foreach ((_, Parameter parameter) in peft.TrainableParameters)
                parameter.normal_(0, 0.5);
    }

    // Entry by entry: (A ⊗ B)[i·p + k, j·q + l] = A[i, j] B[k, l], summed over the n pairs.
    private static float[,] Kronecker(Tensor rule, Tensor parts)
    {
        long n = rule.shape[0], rows = parts.shape[1], columns = parts.shape[2];
        var sum = new float[n * rows, n * columns];
        for (long t = 0; t < n; t++)
            for (long i = 0; i < n; i++)
                for (long j = 0; j < n; j++)
                    for (long k = 0; k < rows; k++)
                        for (long l = 0; l < columns; l++)
                            sum[(i * rows) + k, (j * columns) + l] += rule[t, i, j].ToSingle() * parts[t, k, l].ToSingle();
        return sum;
    }

    [Theory, InlineData(0), InlineData(1), InlineData(2)]
    public void AdaptersAreOfSumsOfKroneckerProducts(long phmRank)
    {
        using var scope = NewDisposeScope();
        var toy = new Toy();
        nn.Module<Tensor, Tensor> query = (nn.Module<Tensor, Tensor>)toy.named_modules().Single(one => one.name == "layer.1.query").module;
        Tensor x = randn(2, 5, 8), y = query.call(x).detach();
        using PeftModel peft = PeftModel.Inject(toy, (Options with { PhmRank = phmRank }).ToPlan());
        Randomize(peft);
        var own = peft.UnitParameters.ToDictionary(one => one.Name, one => one.Parameter.detach());

        Tensor inner = nn.functional.relu(y.matmul(Weight("down")).Plus(own["layer.1.query.compacter.down.bias"]));
        Tensor expected = y.Plus(inner.matmul(Weight("up"))).Plus(own["layer.1.query.compacter.up.bias"]);
        Assert.True(query.call(x).allclose(expected, 1e-4, 1e-5));

        Tensor Weight(string name)
        {
            Tensor left = own[$"layer.1.query.compacter.{name}.left"];
            Tensor parts = phmRank == 0 ? left : left.bmm(own[$"layer.1.query.compacter.{name}.right"]);
            return tensor(Kronecker(own["layer.0.query.compacter.rule"], parts)); // (in, out)
        }
    }

    [Fact]
    public void TheRuleIsOneForAllLayersAndCountsOnce()
    {
        using var scope = NewDisposeScope();
        var toy = new Toy();
        using PeftModel peft = PeftModel.Inject(toy, Options.ToPlan());
        Assert.Equal("layer.0.query.compacter.rule", Assert.Single(peft.UnitParameters, one => one.Name.EndsWith("rule", StringComparison.Ordinal)).Name);
        const long down = (2 * 4 * 1) + (2 * 1 * 2) + 4, up = (2 * 2 * 1) + (2 * 1 * 4) + 8, rule = 2 * 2 * 2;
        Assert.Equal((2 * (down + up)) + rule, peft.Describe().TrainableParameters);
        Assert.Equal(peft.Describe().TrainableParameters, peft.TrainableParameters.Sum(one => one.Parameter.numel()));
        Randomize(peft);
        toy.call(randn(2, 5, 8)).pow(Scalars.Of(2)).sum().backward();
        peft.RequireGradients();
        Assert.Throws<InvalidOperationException>(peft.Merge);
    }

    [Fact]
    public void EveryInjectionHasARuleOfItsOwn()
    {
        using var scope = NewDisposeScope();
        PeftPlan plan = Options.ToPlan();
        using PeftModel one = PeftModel.Inject(new Toy(), plan), other = PeftModel.Inject(new Toy(), plan);
        Assert.False(one.UnitParameters.First().Parameter.Equals(other.UnitParameters.First().Parameter));
    }

    [Fact]
    public void ADimensionThatDoesNotDivideAndAnotherWidthAreRefused()
    {
        using var scope = NewDisposeScope();
        Assert.Contains("must divide", Assert.Throws<InvalidInputException>(() => PeftModel.Inject(new Toy(), (Options with { PhmDimension = 3 }).ToPlan())).Message, StringComparison.Ordinal);
        var toy = new Toy();
        using PeftModel peft = PeftModel.Inject(toy, (Options with { Width = 12 }).ToPlan());
        Assert.Contains("(…, 12)", Assert.Throws<InvalidOperationException>(() => toy.call(randn(2, 5, 8))).Message, StringComparison.Ordinal);
    }
}
