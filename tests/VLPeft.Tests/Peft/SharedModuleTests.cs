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

    private static PeftPlan Plan(params string[] patterns) => new LoraOptions(ModulePattern.Suffixes("first", "second"), 2, 2).ToPlan() is var plan && patterns.Length == 0
        ? plan
        : plan with { Sites = [.. patterns.Select(one => new PeftSite(ModulePattern.Suffixes(one), Attachment.Parallel))] };

    [Fact]
    public void IsReachableUnderBothNames()
    {
        using var model = new Tied();
        System.Console.WriteLine(string.Join(",", model.named_modules().Select(one => one.name)) + "|" + string.Join(",", model.named_parameters().Select(one => one.name))+ "|" + string.Join(",", model.state_dict().Keys));
        using PeftModel peft = PeftModel.Inject(model, Plan());
        Assert.Single(peft.Attached);
    }
}
