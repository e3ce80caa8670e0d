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
    public void IsRefusedWhenTwoPatternsMeanIt()
    {
        using var model = new Tied();
        var site = new PeftSite(ModulePattern.Suffixes("first"), Attachment.Parallel);
        string message = Assert.Throws<InvalidInputException>(() => PeftModel.Inject(model, Plan() with { Sites = [site, site] })).Message;
        Assert.Contains("'first'", message, StringComparison.Ordinal);
    }
}
