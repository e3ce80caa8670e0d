using TorchSharp;
using TorchSharp.Modules;
using VLPeft.Peft;
using Xunit;
using static TorchSharp.torch;

namespace VLPeft.Tests.Peft;

public class DoraTests
{
    private static readonly DoraOptions Options = new(ModulePattern.Suffixes("layer"), 3, 6);

    private static Sequential Model(Linear layer) => nn.Sequential(("layer", layer), ("end", nn.Identity()));

    private static Dictionary<string, Parameter> Randomized(PeftModel peft)
    {
        var own = peft.UnitParameters.ToDictionary(one => one.Name, one => one.Parameter);
        using (no_grad())
        {
            own["layer.lora_B"].normal_(0, 0.5);
            own["layer.lora_magnitude_vector"].uniform_(0.5, 2);
        }
        return own;
    }

    // The paper's equation, on matrices: m (W + s B A) / ‖W + s B A‖, one norm a row of (out, in).
    private static Tensor Weight(Tensor weight, Tensor a, Tensor b, Tensor magnitude, Tensor? norm = null)
    {
        Tensor direction = weight.Plus(b.mm(a).Times(2));
        return direction * (magnitude / (norm ?? direction.norm(1))).unsqueeze(1);
    }

    [Theory, InlineData(true), InlineData(false)]
    public void AFreshOneComputesWhatTheLayerDoes(bool bias)
    {
        using var scope = NewDisposeScope();
        Linear layer = nn.Linear(5, 4, bias);
        using Sequential model = Model(layer);
        Tensor x = randn(2, 3, 5), before = model.call(x).detach();
        using PeftModel peft = PeftModel.Inject(model, Options.ToPlan());
        Assert.True(model.call(x).allclose(before, 1e-6, 1e-6));
        Assert.Equal((3 * 5) + (4 * 3) + 4, peft.Describe().TrainableParameters);
    }

    [Theory, InlineData(true), InlineData(false)]
    public void ComputesThePapersEquationAndMergesToIt(bool bias)
    {
        using var scope = NewDisposeScope();
        Linear layer = nn.Linear(5, 4, bias);
        using Sequential model = Model(layer);
        using PeftModel peft = PeftModel.Inject(model, Options.ToPlan());
        var own = Randomized(peft);
        Tensor weight = Weight(layer.weight!, own["layer.lora_A"], own["layer.lora_B"], own["layer.lora_magnitude_vector"]).detach();
        Tensor x = randn(2, 3, 5), expected = nn.functional.linear(x, weight, layer.bias).detach();
        Assert.True(model.call(x).allclose(expected, 1e-5, 1e-5));
        peft.Merge();
        Assert.True(layer.weight!.allclose(weight, 1e-5, 1e-6));
        Assert.True(model.call(x).allclose(expected, 1e-5, 1e-5));
    }

    [Fact]
    public void TheNormIsAConstantInTheBackwardPass()
    {
        using var scope = NewDisposeScope();
        Linear layer = nn.Linear(5, 4);
        using Sequential model = Model(layer);
        using PeftModel peft = PeftModel.Inject(model, Options.ToPlan());
        var own = Randomized(peft);
        Tensor x = randn(7, 5), pull = randn(7, 4);
        (model.call(x) * pull).sum().backward();
        peft.RequireGradients();

        Tensor a = own["layer.lora_A"].detach().clone().requires_grad_(), b = own["layer.lora_B"].detach().clone().requires_grad_();
        Tensor m = own["layer.lora_magnitude_vector"].detach().clone().requires_grad_();
        Tensor norm = layer.weight!.Plus(b.mm(a).Times(2)).norm(1).detach();
        (nn.functional.linear(x, Weight(layer.weight!.detach(), a, b, m, norm), layer.bias!.detach()) * pull).sum().backward();
        Assert.True(own["layer.lora_A"].grad!.allclose(a.grad!, 1e-4, 1e-5));
        Assert.True(own["layer.lora_B"].grad!.allclose(b.grad!, 1e-4, 1e-5));
        Assert.True(own["layer.lora_magnitude_vector"].grad!.allclose(m.grad!, 1e-4, 1e-5));
    }

    [Fact]
    public void TheMagnitudesGradientIsThatOfFiniteDifferences()
    {
        using var scope = NewDisposeScope();
        Linear layer = nn.Linear(5, 4);
        using Sequential model = Model(layer);
        layer.to(ScalarType.Float64);
        using PeftModel peft = PeftModel.Inject(model, Options.ToPlan());
        Parameter magnitude = Randomized(peft)["layer.lora_magnitude_vector"];
        Tensor x = randn(7, 5, float64);
        model.call(x).pow(Scalars.Of(2)).sum().backward();
        const double step = 1e-5;
        using var frozen = no_grad();
        for (int i = 0; i < 4; i++)
        {
            double Loss(double change)
            {
                using Tensor entry = magnitude[i];
                entry.add_(Scalars.Of(change), Scalars.One);
                double loss = model.call(x).pow(Scalars.Of(2)).sum().ToDouble();
                entry.sub_(Scalars.Of(change));
                return loss;
            }

            Assert.Equal((Loss(step) - Loss(-step)) / (2 * step), magnitude.grad![i].ToDouble(), 1e-5);
        }
    }

    [Fact]
    public void DropoutIsOnTheLowRankPartAlone()
    {
        using var scope = NewDisposeScope();
        using Sequential model = Model(nn.Linear(5, 4));
        Tensor x = randn(2, 5), before = model.call(x).detach();
        using PeftModel peft = PeftModel.Inject(model, (Options with { Dropout = 0.5 }).ToPlan());
        model.train();
        Assert.True(model.call(x).allclose(before, 1e-6, 1e-6)); // B is zero
        Randomized(peft);
        Assert.False(model.call(x).allclose(model.call(x)));
        model.eval();
        Assert.True(model.call(x).Equals(model.call(x)));
    }

    [Fact]
    public void RsLoraDividesAlphaByTheRootOfTheRank()
    {
        var plain = new LoraOptions(ModulePattern.Suffixes("layer"), 16, 8);
        Assert.Equal(0.5, plain.ToPlan().Bottleneck.Scale);
        Assert.Equal(2, (plain with { Scaling = LoraScaling.SqrtRank }).ToPlan().Bottleneck.Scale);
        using var model = Model(nn.Linear(5, 4));
        using PeftModel peft = PeftModel.Inject(model, (Options with { Rank = 16, Alpha = 8, Scaling = LoraScaling.SqrtRank }).ToPlan());
        Assert.Contains("DoRA, r 16, scale 2", peft.Describe().ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void OptionsOutOfRangeAndModulesWithoutWeightsAreRefused()
    {
        using var model = Model(nn.Linear(5, 4));
        Refused("rank", Options with { Rank = 0 });
        Refused("dropout", Options with { Dropout = 1 });
        Refused("no weight", Options with { Targets = ModulePattern.Suffixes("end") });
        Refused("no module matches", Options with { Targets = ModulePattern.Suffixes("layr") });

        void Refused(string why, DoraOptions options) =>
            Assert.Contains(why, Assert.Throws<InvalidInputException>(() => PeftModel.Inject(model, options.ToPlan())).Message, StringComparison.Ordinal);
    }
}
