using TorchSharp;
using TorchSharp.Modules;
using VLPeft.Models;
using VLPeft.Peft;
using VLPeft.Routing;
using Xunit;
using static TorchSharp.torch;

namespace VLPeft.Parity.Tests.Layers;

/// <summary>Every case of fixtures/layers: forward and all gradients, whole tensors.</summary>
[Trait("Category", "Parity")]
public class LayerParityTests
{
    public static TheoryData<string> Cases => [.. LayerCase.Names()];

    [Theory, MemberData(nameof(Cases))]
    public void MatchesTheReference(string name)
    {
        using var scope = NewDisposeScope();
        using var fixture = new LayerCase(name);
        switch (fixture.Kind)
        {
            case "route": Route(fixture); break;
            case "lora": Lora(fixture, null); break;
            case "lora_fused": Lora(fixture, Blocks(fixture)); break;
            case "adapter": Adapter(fixture); break;
            case "fold": Fold(fixture); break;
            default: Ablation(fixture); break;
        }
    }

    private static void Route(LayerCase fixture)
    {
        Tensor y = Routing(fixture).Route(fixture.Leaf("x"), fixture.Leaf("v"));
        fixture.AssertForwardAndGradients(y, Tolerance.Op);
    }

    private static IRoutingFunction Routing(LayerCase fixture) => KnownRoutingFunctions.Get(fixture.Text("routing"));

    private static OutputBlocks Blocks(LayerCase fixture) => new(
        [.. fixture.Settings.GetProperty("enabled").EnumerateArray().Select(one => one.GetBoolean())],
        fixture.Text("blocks") == "joint" ? BlockRouting.Joint : BlockRouting.Separate);

    /// <summary>The fixture's layer, frozen except for its bias where the fixture has that gradient, with a LoRA injected.</summary>
    private static void Lora(LayerCase fixture, OutputBlocks? blocks)
    {
        var model = new OneLinear(fixture);
        var feature = new RoutingFeature();
        LoraOptions options = new(ModulePattern.Suffixes("layer"), (long)fixture.Number("r"), fixture.Number("alpha"))
        {
            Routing = Routing(fixture),
            Blocks = blocks,
        };
        using PeftModel peft = PeftModel.Inject(model, options.ToPlan(), feature);
        foreach ((string parameterName, Parameter parameter) in peft.BottleneckParameters)
            fixture.Fill(parameter, parameterName["layer.".Length..]);
        foreach ((string parameterName, Parameter parameter) in model.layer.named_parameters())
            fixture.Fill(parameter, parameterName);
        using (feature.Use(fixture.Leaf("v")))
            fixture.AssertForwardAndGradients(model.call(fixture.Leaf("x")), Tolerance.Block);
    }

    private static void Adapter(LayerCase fixture)
    {
        var model = new Identity();
        var feature = new RoutingFeature();
        long width = fixture.Constant("h").size(-1);
        var bottleneck = new AdapterOptions(ModulePattern.Suffixes("block"), (long)fixture.Number("r"), HiddenActivations.Parse(fixture.Text("activation")))
        {
            Routing = Routing(fixture),
            Residual = fixture.Settings.GetProperty("residual").GetBoolean(),
        }.ToPlan();
        PeftPlan plan = bottleneck with { Sites = [bottleneck.Sites[0] with { Width = width }] };
        using PeftModel peft = PeftModel.Inject(model, plan, feature);
        foreach ((string role, Parameter parameter) in peft.Attached[0].Bottleneck.Roles)
            fixture.Fill(parameter, role);
        using (feature.Use(fixture.Leaf("v")))
            fixture.AssertForwardAndGradients(model.call(fixture.Leaf("h")), Tolerance.Block);
    }

    private static void Ablation(LayerCase fixture)
    {
        IBottleneckKind kind = KnownBottlenecks.Get(fixture.Kind);
        IRoutingFunction routing = kind.AlwaysUsesFeature ? KnownRoutingFunctions.None : Routing(fixture);
        Tensor up = fixture.Constant("lora_B");
        double scale = fixture.Number("alpha") / fixture.Number("r");
        var bottleneck = new LowRankBottleneck(fixture.Constant("x").size(-1), up.size(0), new BottleneckOptions((long)fixture.Number("r"), scale, kind, routing));
        foreach ((string role, Parameter parameter) in bottleneck.Roles)
            fixture.Fill(parameter, role == "up_weight" ? "lora_B" : role);
        fixture.AssertForwardAndGradients(bottleneck.call(fixture.Leaf("x"), fixture.Leaf("v")), Tolerance.Block);
    }

    private static void Fold(LayerCase fixture)
    {
        Tensor up = fixture.Constant("lora_B"), x = fixture.Constant("x"), v = fixture.Constant("v");
        double scale = fixture.Number("alpha") / fixture.Number("r");
        var bottleneck = new LowRankBottleneck(x.size(-1), up.size(0), new BottleneckOptions((long)fixture.Number("r"), scale, KnownBottlenecks.SharedDown, Routing(fixture)));
        foreach ((string role, Parameter parameter) in bottleneck.Roles)
            fixture.Fill(parameter, role == "up_weight" ? "lora_B" : "lora_A");
        (Tensor weight, Tensor? bias) = bottleneck.Fold(v.squeeze(0));
        Tolerance.AssertClose(fixture.Constant("folded_weight"), weight, Tolerance.Block, $"{fixture.Name}/folded_weight");
        Tolerance.AssertClose(fixture.Constant("folded_bias"), bias ?? zeros(up.size(0)), Tolerance.Block, $"{fixture.Name}/folded_bias");
        Tensor unfolded = bottleneck.call(x, v);
        Tolerance.AssertClose(fixture.Constant("y"), unfolded, Tolerance.Block, $"{fixture.Name}/y");
        Tolerance.AssertClose(unfolded, nn.functional.linear(x, weight, bias), Tolerance.Block, $"{fixture.Name} folded");
    }

    private sealed class OneLinear : nn.Module<Tensor, Tensor>
    {
        internal readonly Linear layer;

        public OneLinear(LayerCase fixture) : base(nameof(OneLinear))
        {
            Tensor weight = fixture.Constant("weight");
            layer = nn.Linear(weight.size(1), weight.size(0));
            RegisterComponents();
        }

        public override Tensor forward(Tensor x) => layer.call(x);
    }

    private sealed class Identity : nn.Module<Tensor, Tensor>
    {
        private readonly TorchSharp.Modules.Identity block = nn.Identity();

        public Identity() : base(nameof(Identity)) => RegisterComponents();

        public override Tensor forward(Tensor x) => block.call(x);
    }
}
