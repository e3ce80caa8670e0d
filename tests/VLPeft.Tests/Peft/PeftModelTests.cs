using TorchSharp;
using TorchSharp.Modules;
using VLPeft.Models;
using VLPeft.Peft;
using VLPeft.Routing;
using Xunit;
using static TorchSharp.torch;

namespace VLPeft.Tests.Peft;

public class PeftModelTests
{
    private static LoraOptions Lora(params string[] targets) => new(ModulePattern.Suffixes(targets), 4, 8);

    private static void Randomize(PeftModel peft)
    {
        using (no_grad())
            foreach ((_, Parameter parameter) in peft.TrainableParameters)
                parameter.normal_(0, 0.5);
    }

    [Fact]
    public void AFreshLoraChangesNothingAndDetachRestoresTheModel()
    {
        using var scope = NewDisposeScope();
        var toy = new Toy();
        Tensor x = randn(2, 5, 8), before = toy.call(x).detach();
        string[] names = [.. toy.state_dict().Keys];
        var feature = new RoutingFeature();
        using PeftModel peft = PeftModel.Inject(toy, (Lora("query", "value") with { Routing = KnownRoutingFunctions.Multiply }).ToPlan(), feature);
        using (feature.Use(randn(2, 1, 8)))
        {
            Assert.True(toy.call(x).Equals(before));
            Randomize(peft);
            Assert.False(toy.call(x).allclose(before));
        }
        Assert.Equal(names, toy.state_dict().Keys);
        peft.Detach();
        Assert.True(toy.call(x).Equals(before));
        Assert.All(toy.parameters(), parameter => Assert.True(parameter.requires_grad));
    }

    [Fact]
    public void OnlyTheBottlenecksAndTheNamedParametersTrain()
    {
        using var scope = NewDisposeScope();
        var toy = new Toy();
        LoraOptions options = Lora("query") with { AlsoTrain = [ModulePattern.Suffixes("query.bias"), ModulePattern.FullMatch(@".*norm\..*")] };
        using PeftModel peft = PeftModel.Inject(toy, options.ToPlan());
        string[] trained = [.. toy.named_parameters().Where(one => one.parameter.requires_grad).Select(one => one.name)];
        Assert.Equal(["layer.0.query.bias", "layer.0.norm.weight", "layer.0.norm.bias", "layer.1.query.bias", "layer.1.norm.weight", "layer.1.norm.bias"], trained);
        Assert.Equal(
            ["layer.0.query.lora_A", "layer.0.query.lora_B", "layer.1.query.lora_A", "layer.1.query.lora_B"],
            peft.BottleneckParameters.Select(one => one.Name));
        PeftDescription audit = peft.Describe();
        Assert.Equal(2 * (4 * 8 + 8 * 4), audit.BottleneckParameters);
        Assert.Equal(2 * (8 + 16), audit.AlsoTrainedParameters);
        Assert.Equal(toy.parameters().Sum(parameter => parameter.numel()) - 48, audit.FrozenParameters);
        Assert.Contains("layer.{0-1}.query: Parallel, shared-down, r 4, scale 2, routing none, 2 × 64 parameters", audit.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void EveryTrainedParameterGetsAGradient()
    {
        using var scope = NewDisposeScope();
        var toy = new Toy();
        var feature = new RoutingFeature(8);
        using PeftModel peft = PeftModel.Inject(toy, (Lora("query", "value") with { Routing = KnownRoutingFunctions.Matmul }).ToPlan(), feature);
        Randomize(peft);
        using (feature.Use(randn(2, 3, 8)))
            toy.call(randn(2, 5, 8)).sum().backward();
        peft.RequireGradients();
        Assert.All(toy.parameters(), parameter => Assert.Null(parameter.grad));
    }

    [Fact]
    public void AParameterWithoutGradientIsNamed()
    {
        using var scope = NewDisposeScope();
        using PeftModel peft = PeftModel.Inject(new Toy(), Lora("value").ToPlan());
        var error = Assert.Throws<InvalidOperationException>(peft.RequireGradients);
        Assert.Contains("layer.0.value.lora_A", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void APatternWithoutAMatchIsAnErrorThatListsWhatThereIs()
    {
        using var scope = NewDisposeScope();
        var toy = new Toy();
        var error = Assert.Throws<InvalidInputException>(() => PeftModel.Inject(toy, Lora("quary").ToPlan()));
        Assert.Contains("quary", error.Message, StringComparison.Ordinal);
        Assert.Contains("layer.0.query", error.Message, StringComparison.Ordinal);
        Assert.All(toy.parameters(), parameter => Assert.True(parameter.requires_grad));
        error = Assert.Throws<InvalidInputException>(() => PeftModel.Inject(toy, (Lora("query") with { AlsoTrain = [ModulePattern.Suffixes("ln")] }).ToPlan()));
        Assert.Contains("'ln'", error.Message, StringComparison.Ordinal);
    }

    [Theory, InlineData("pair", "Pair"), InlineData("norm", "no weight (out, in)")]
    public void ASiteOfTheWrongShapeIsNamed(string target, string what)
    {
        using var scope = NewDisposeScope();
        var error = Assert.Throws<InvalidInputException>(() => PeftModel.Inject(new Toy(), Lora(target).ToPlan()));
        Assert.Contains($"layer.0.{target}", error.Message, StringComparison.Ordinal);
        Assert.Contains(what, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ARoutedBottleneckWithoutAFeatureIsAnError()
    {
        using var scope = NewDisposeScope();
        PeftPlan plan = (Lora("query") with { Routing = KnownRoutingFunctions.Add }).ToPlan();
        Assert.Contains("add", Assert.Throws<InvalidInputException>(() => PeftModel.Inject(new Toy(), plan)).Message, StringComparison.Ordinal);
        var toy = new Toy();
        using PeftModel peft = PeftModel.Inject(toy, plan, new RoutingFeature());
        Assert.Contains("layer.0.query", Assert.Throws<InvalidOperationException>(() => toy.call(randn(2, 5, 8))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AFeatureOfAnotherWidthIsRefusedWhenItIsInjectedOrUsed()
    {
        using var scope = NewDisposeScope();
        PeftPlan plan = (Lora("query") with { Routing = KnownRoutingFunctions.Add }).ToPlan();
        Assert.Contains("projection", Assert.Throws<InvalidInputException>(() => PeftModel.Inject(new Toy(), plan, new RoutingFeature(6))).Message, StringComparison.Ordinal);
        var feature = new RoutingFeature();
        var toy = new Toy();
        using PeftModel peft = PeftModel.Inject(toy, plan, feature);
        using (feature.Use(randn(2, 1, 6)))
            Assert.Contains("(2, 1, 6)", Assert.Throws<InvalidOperationException>(() => toy.call(randn(2, 5, 8))).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => feature.Use(randn(2, 6)));
    }

    [Fact]
    public void MergingPlainLoraKeepsTheOutputAndMergingARoutedOneIsRefused()
    {
        using var scope = NewDisposeScope();
        var toy = new Toy();
        Tensor x = randn(2, 5, 8);
        PeftModel plain = PeftModel.Inject(toy, Lora("query", "value").ToPlan());
        Randomize(plain);
        Tensor adapted = toy.call(x).detach();
        plain.Merge();
        Assert.True(toy.call(x).allclose(adapted, 1e-5, 1e-5));

        var feature = new RoutingFeature();
        using PeftModel routed = PeftModel.Inject(toy, (Lora("query") with { Routing = KnownRoutingFunctions.Multiply }).ToPlan(), feature);
        Assert.Contains("layer.0.query", Assert.Throws<InvalidOperationException>(routed.Merge).Message, StringComparison.Ordinal);
        using PeftModel adapter = PeftModel.Inject(new Toy(), new AdapterOptions(ModulePattern.Suffixes("query"), 4, HiddenActivation.Gelu).ToPlan());
        Assert.Throws<InvalidOperationException>(adapter.Merge);
    }

    [Fact]
    public void SitesCanShareOneAdapter()
    {
        using var scope = NewDisposeScope();
        var options = new AdapterOptions(ModulePattern.FullMatch(@"(layer\.\d+)\.(query|value)"), 4, HiddenActivation.GeluTanh) { Residual = true, ShareAs = "$1.adapter_shared" };
        using PeftModel peft = PeftModel.Inject(new Toy(), options.ToPlan());
        Assert.Equal(4, peft.Attached.Count);
        Assert.Equal(2 * (4 * 8 + 4 + 8 * 4 + 8), peft.Describe().BottleneckParameters);
        Assert.Contains("layer.1.adapter_shared.adapter.down.weight", peft.BottleneckParameters.Select(one => one.Name));
    }

    [Fact]
    public void LayersLimitWhereBottlenecksGo()
    {
        using var scope = NewDisposeScope();
        using PeftModel peft = PeftModel.Inject(new Toy(), new LoraOptions(ModulePattern.Suffixes("query").InLayers([1]), 4, 4).ToPlan());
        Assert.Equal(["layer.1.query"], peft.Attached.Select(one => one.ModuleName));
    }

    [Fact]
    public void DropoutFollowsTheModulesTrainingMode()
    {
        using var scope = NewDisposeScope();
        var toy = new Toy();
        using PeftModel peft = PeftModel.Inject(toy, (Lora("query") with { Dropout = 0.5 }).ToPlan());
        Randomize(peft);
        Tensor x = randn(2, 5, 8);
        toy.eval();
        Assert.True(toy.call(x).Equals(toy.call(x)));
        toy.train();
        Assert.False(toy.call(x).allclose(toy.call(x)));
    }

    [Fact]
    public void EveryKindOfBottleneckLearnsFromTheImage()
    {
        using var scope = NewDisposeScope();
        foreach (IBottleneckKind kind in KnownBottlenecks.All)
        {
            IRoutingFunction routing = kind.AlwaysUsesFeature ? KnownRoutingFunctions.None : KnownRoutingFunctions.Multiply;
            var bottleneck = new LowRankBottleneck(8, 12, new BottleneckOptions(16, 1, kind, routing, Initialization: BottleneckInitialization.Linear));
            Tensor feature = randn(2, 1, 8).requires_grad_();
            Tensor y = bottleneck.call(randn(2, 5, 8), feature);
            Assert.Equal([2, 5, 12], y.shape);
            y.pow(Scalars.Of(2)).sum().backward();
            Assert.All(bottleneck.named_parameters(), one => Assert.NotNull(one.parameter.grad));
            Assert.True(feature.grad!.abs().sum().item<float>() > 0, kind.Name);
        }
    }

    [Theory, InlineData("split", 6), InlineData("cross-attention", 8)]
    public void ARankThatCannotBeDividedIsRefused(string kind, long rank) =>
        Assert.Contains("multiple", Assert.Throws<InvalidInputException>(() =>
            new LowRankBottleneck(8, 8, new BottleneckOptions(rank, 1, KnownBottlenecks.Get(kind), KnownRoutingFunctions.None))).Message, StringComparison.Ordinal);

    [Fact]
    public void OptionsOutOfRangeAreRefused()
    {
        Assert.Throws<InvalidInputException>(() => PeftModel.Inject(new Toy(), new LoraOptions(ModulePattern.Suffixes("query"), 0, 1).ToPlan()));
        Assert.Throws<InvalidInputException>(() => PeftModel.Inject(new Toy(), (Lora("query") with { Dropout = 1 }).ToPlan()));
        Assert.Throws<InvalidInputException>(() => ModulePattern.FullMatch("("));
        Assert.Throws<InvalidInputException>(() => ModulePattern.Suffixes());
    }
}
