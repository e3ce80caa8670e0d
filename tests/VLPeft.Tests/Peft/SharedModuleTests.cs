using TorchSharp;
using TorchSharp.Modules;
using VLPeft.Peft;
using Xunit;
using static TorchSharp.torch;

namespace VLPeft.Tests.Peft;

/// <summary>One module under two names of a model: it has one forward, so one bottleneck.</summary>
public sealed class SharedModuleTests
{
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

    private static PeftPlan Plan() => new LoraOptions(ModulePattern.Suffixes("first", "second"), 2, 2).ToPlan();

    [Fact]
    public void GetsOneBottleneckUnderItsFirstName()
    {
        using var model = new Tied();
        using PeftModel peft = PeftModel.Inject(model, Plan());
        Assert.Equal("first", Assert.Single(peft.Attached).ModuleName);
    }

    [Fact]
    public void IsRefusedWithBothItsNamesWhenEachHasAPattern()
    {
        using var model = new Tied();
        PeftSite[] sites = [.. new[] { "first", "second" }.Select(name => new PeftSite(ModulePattern.Suffixes(name), Attachment.Parallel))];
        string message = Assert.Throws<InvalidInputException>(() => PeftModel.Inject(model, Plan() with { Sites = [.. sites] })).Message;
        Assert.All(["'first'", "'second'", "two names"], word => Assert.Contains(word, message, StringComparison.Ordinal));
    }

    [Theory, InlineData(ScalarType.Float64, ScalarType.Float64), InlineData(ScalarType.BFloat16, ScalarType.Float32)]
    public void BottlenecksAreOfTheirModulesTypeOrFloat32(ScalarType type, ScalarType expected)
    {
        using var scope = NewDisposeScope();
        var toy = new Toy();
        toy.to(type);
        PeftModel made;
        using (NewDisposeScope())
            made = PeftModel.Inject(toy, new LoraOptions(ModulePattern.Suffixes("query"), 2, 4).ToPlan());
        using PeftModel peft = made;
        Assert.All(peft.TrainableParameters, one => Assert.Equal(expected, one.Parameter.dtype));
        toy.call(randn(2, 3, 8, type)).to(ScalarType.Float32).sum().backward();
        peft.RequireGradients();
    }

    [Fact]
    public void IsRefusedWhenTwoPatternsMeanIt()
    {
        using var model = new Tied();
        var site = new PeftSite(ModulePattern.Suffixes("first"), Attachment.Parallel);
        string message = Assert.Throws<InvalidInputException>(() => PeftModel.Inject(model, Plan() with { Sites = [site, site] })).Message;
        Assert.Contains("'first'", message, StringComparison.Ordinal);
    }
}
