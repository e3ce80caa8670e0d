using TorchSharp;
using TorchSharp.Modules;
using VLPeft.Models;
using VLPeft.Peft;
using Xunit;
using static TorchSharp.torch;

namespace VLPeft.Tests.Peft;

public class Ia3Tests
{
    private static Ia3Options Options => new(ModulePattern.Suffixes("query"), ModulePattern.Suffixes("value"));

    [Fact]
    public void VectorsOfOnesChangeNothing()
    {
        using var scope = NewDisposeScope();
        var toy = new Toy();
        Tensor x = randn(2, 5, 8), before = toy.call(x).detach();
        using PeftModel peft = PeftModel.Inject(toy, Options.ToPlan());
        Assert.True(toy.call(x).Equals(before));
        Assert.Equal(
            ["layer.0.query.ia3_l", "layer.1.query.ia3_l", "layer.0.value.ia3_l", "layer.1.value.ia3_l"], peft.TrainableParameters.Select(one => one.Name));
        Assert.Equal([8, 1], peft.Units[0].Parameters.Single().Parameter.shape);
        Assert.Equal([1, 8], peft.Units[2].Parameters.Single().Parameter.shape);
        Assert.Equal(32, peft.Describe().TrainableParameters);
    }

    [Fact]
    public void OutputsAndInputsAreScaled()
    {
        using var scope = NewDisposeScope();
        Linear first = nn.Linear(4, 6), second = nn.Linear(4, 6);
        Tensor x = randn(3, 4), one = first.call(x).detach(), two = second.call(x).detach(), half = second.call(x.Times(0.5)).detach();
        using var model = nn.Sequential(("first", first), ("relu", nn.ReLU()));
        using PeftModel peft = PeftModel.Inject(model, new Ia3Options(ModulePattern.Suffixes("first"), null).ToPlan());
        Set(peft, 3);
        Assert.True(first.call(x).allclose(one.Times(3)));
        using var other = nn.Sequential(("second", second), ("relu", nn.ReLU()));
        PeftPlan inputs = PeftPlan.OfUnits([new UnitSite(ModulePattern.Suffixes("second"), Options.ToPlan().Units[1].Kind)], []);
        using PeftModel onInput = PeftModel.Inject(other, inputs);
        Set(onInput, 0.5);
        Assert.True(second.call(x).allclose(half));
        Assert.False(second.call(x).allclose(two));
    }

    [Fact]
    public void OnlyTheNamedBlocksOfAFusedProjectionAreScaled()
    {
        using var scope = NewDisposeScope();
        Linear fused = nn.Linear(4, 6);
        Tensor x = randn(3, 4), before = fused.call(x).detach();
        using var model = nn.Sequential(("fused", fused), ("relu", nn.ReLU()));
        using PeftModel peft = PeftModel.Inject(model, new Ia3Options(ModulePattern.Suffixes("fused"), null) { Blocks = [false, true, true] }.ToPlan());
        Assert.Equal(4, peft.Describe().UnitParameters);
        Set(peft, 2);
        Assert.True(fused.call(x).allclose(before * tensor(new float[] { 1, 1, 2, 2, 2, 2 })));
        peft.Merge();
        Assert.True(fused.call(x).allclose(before * tensor(new float[] { 1, 1, 2, 2, 2, 2 }), 1e-5, 1e-6));
    }

    [Fact]
    public void BlocksThatDoNotDivideTheOutputAreRefused()
    {
        using var model = nn.Sequential(("fused", nn.Linear(4, 7)), ("relu", nn.ReLU()));
        PeftPlan plan = new Ia3Options(ModulePattern.Suffixes("fused"), null) { Blocks = [false, true, true] }.ToPlan();
        Assert.Contains("no 3 equal blocks", Assert.Throws<InvalidInputException>(() => PeftModel.Inject(model, plan)).Message, StringComparison.Ordinal);
        Assert.All(model.parameters(), parameter => Assert.True(parameter.requires_grad));
    }

    private static void Set(PeftModel peft, double value)
    {
        using (no_grad())
            foreach ((_, Parameter parameter) in peft.UnitParameters)
                parameter.fill_(Scalars.Of(value));
    }
}
