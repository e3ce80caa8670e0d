using TorchSharp;
using TorchSharp.Modules;
using VLPeft.Peft;
using VLPeft.Routing;
using Xunit;
using static TorchSharp.torch;

namespace VLPeft.Tests.Peft;

/// <summary>How bottlenecks stand beside their modules: one each, also under two names, and of the module's type.</summary>
public sealed class SharedModuleTests
{
    public SharedModuleTests() => set_num_threads(1);

    [Fact]
    public void AModuleUnderTwoNamesGetsOneBottleneck()
    {
        using var model = new Tied();
        using PeftModel peft = PeftModel.Inject(model, new LoraOptions(ModulePattern.Suffixes("first", "second"), 2, 2).ToPlan());
        Assert.Equal("first", Assert.Single(peft.Attached).ModuleName);
        Assert.Equal(2, peft.TrainableParameters.Count);
    }

    [Fact]
    public void TwoPatternsForOneModuleAreRefusedWithBothOfItsNames()
    {
        using var model = new Tied();
        PeftPlan plan = new LoraOptions(ModulePattern.Suffixes("first"), 2, 2).ToPlan();
        plan = plan with { Sites = [.. plan.Sites, new PeftSite(ModulePattern.Suffixes("second"), Attachment.Parallel)] };
        string message = Assert.Throws<InvalidInputException>(() => PeftModel.Inject(model, plan)).Message;
        Assert.All(["'first'", "'second'", "two names"], word => Assert.Contains(word, message, StringComparison.Ordinal));
    }

    [Theory, InlineData(ScalarType.Float64), InlineData(ScalarType.BFloat16)]
    public void BottlenecksAreOfTheirModulesType(ScalarType type)
    {
        using var scope = NewDisposeScope();
        var toy = new Toy();
        toy.to(type);
        var feature = new RoutingFeature(8);
        PeftModel made;
        using (NewDisposeScope())
            made = PeftModel.Inject(toy, new LoraOptions(ModulePattern.Suffixes("query"), 2, 4) { Routing = KnownRoutingFunctions.Add }.ToPlan(), feature);
        using PeftModel peft = made;
        Assert.All(peft.TrainableParameters, one => Assert.Equal(type, one.Parameter.dtype));
        using (feature.Use(randn(2, 1, 8, type)))
            toy.call(randn(2, 3, 8, type)).sum().backward();
        peft.RequireGradients();
    }

    private sealed class Tied : nn.Module<Tensor, Tensor>
    {
        private readonly Linear first, second;

        public Tied() : base(nameof(Tied))
        {
            first = second = nn.Linear(8, 8);
            RegisterComponents();
        }

        public override Tensor forward(Tensor x) => second.call(first.call(x));
    }
}
