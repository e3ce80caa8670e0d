using TorchSharp;
using VLPeft.Analysis;
using VLPeft.Peft;
using VLPeft.Routing;
using VLPeft.Tests.Peft;
using Xunit;
using static TorchSharp.torch;

namespace VLPeft.Tests.Analysis;

/// <summary>What is recorded between a bottleneck's halves, and how far two recordings are apart.</summary>
public sealed class RoutedActivationsTests
{
    private static PeftPlan Plan(IRoutingFunction routing) => new LoraOptions(ModulePattern.Suffixes("query", "value"), 4, 4) { Routing = routing }.ToPlan();

    [Fact]
    public void It_is_x_t_after_routing_and_the_distance_is_the_mean_over_tokens()
    {
        using var scope = NewDisposeScope();
        random.manual_seed(3);
        var feature = new RoutingFeature(8);
        var toy = new Toy();
        toy.eval();
        using PeftModel peft = PeftModel.Inject(toy, Plan(KnownRoutingFunctions.Multiply), feature);
        Tensor text = randn(2, 5, 8), first = randn(2, 1, 8), second = randn(2, 1, 8);

        IReadOnlyList<BottleneckShift> shifts = Record(peft, toy, feature, text, first).ShiftFrom(Record(peft, toy, feature, text, second));

        Assert.Equal(["layer.0.query", "layer.0.value", "layer.1.query", "layer.1.value"], shifts.Select(one => one.Name));
        Tensor down = peft.BottleneckParameters.First().Parameter;
        Tensor x = Routed(text, first, down), y = Routed(text, second, down); // (B, T, r)
        Assert.Equal(x.norm(-1).mean().ToSingle(), shifts[0].Norm, 1e-5);
        Assert.Equal(y.norm(-1).mean().ToSingle(), shifts[0].OtherNorm, 1e-5);
        Assert.Equal(((x * y).sum(-1) / (x.norm(-1) * y.norm(-1))).neg().Plus(1).mean().ToSingle(), shifts[0].CosineDistance, 1e-5);
        Assert.InRange(shifts[0].CosineDistance, 0.05, 2);
    }

    [Fact]
    public void Without_routing_the_picture_moves_nothing()
    {
        using var scope = NewDisposeScope();
        var feature = new RoutingFeature(8);
        var toy = new Toy();
        using PeftModel peft = PeftModel.Inject(toy, Plan(KnownRoutingFunctions.None), feature);
        Tensor text = randn(1, 3, 8);

        IReadOnlyList<BottleneckShift> shifts = Record(peft, toy, feature, text, randn(1, 1, 8)).ShiftFrom(Record(peft, toy, feature, text, randn(1, 1, 8)));

        Assert.All(shifts, one => Assert.InRange(one.CosineDistance, 0, 1e-12));
        Assert.All(shifts, one => Assert.Equal(one.OtherNorm, one.Norm));
    }

    [Fact]
    public void Zeros_are_at_no_distance_from_zeros_and_share_no_direction_with_anything_else()
    {
        using var scope = NewDisposeScope();
        var feature = new RoutingFeature(8);
        var toy = new Toy();
        using PeftModel peft = PeftModel.Inject(toy, Plan(KnownRoutingFunctions.Multiply), feature);
        Tensor text = randn(1, 3, 8);
        RoutedActivations blind = Record(peft, toy, feature, text, zeros(1, 1, 8)), seeing = Record(peft, toy, feature, text, randn(1, 1, 8));

        Assert.All(blind.ShiftFrom(blind), one => Assert.Equal((0.0, 0.0, 0.0), (one.Norm, one.OtherNorm, one.CosineDistance)));
        Assert.All(seeing.ShiftFrom(blind), one => Assert.Equal(1.0, one.CosineDistance));
    }

    [Fact]
    public void Only_the_recorded_forward_is_recorded_and_a_failed_one_leaves_no_hook()
    {
        using var scope = NewDisposeScope();
        var feature = new RoutingFeature(8);
        var toy = new Toy();
        using PeftModel peft = PeftModel.Inject(toy, Plan(KnownRoutingFunctions.Multiply), feature);
        Tensor text = randn(1, 3, 8), image = randn(1, 1, 8);
        Assert.ThrowsAny<Exception>(() => RoutedActivations.Record(peft, () => toy.call(text))); // no feature is set
        RoutedActivations once = Record(peft, toy, feature, text, image);
        using (feature.Use(image))
            toy.call(text);

        Assert.Equal(4, once.ShiftFrom(Record(peft, toy, feature, text, image)).Count);
        Assert.Empty(RoutedActivations.Record(null, () => { }).ShiftFrom(RoutedActivations.Record(null, () => { })));
    }

    [Fact]
    public void Recordings_of_other_texts_or_models_are_refused()
    {
        using var scope = NewDisposeScope();
        var feature = new RoutingFeature(8);
        var toy = new Toy();
        using PeftModel peft = PeftModel.Inject(toy, Plan(KnownRoutingFunctions.Add), feature);
        Tensor image = randn(1, 1, 8);
        RoutedActivations three = Record(peft, toy, feature, randn(1, 3, 8), image);

        Assert.Throws<ArgumentException>(() => three.ShiftFrom(Record(peft, toy, feature, randn(1, 4, 8), image)));
        Assert.Throws<ArgumentException>(() => three.ShiftFrom(RoutedActivations.Record(null, () => { })));
    }

    private static RoutedActivations Record(PeftModel peft, Toy toy, RoutingFeature feature, Tensor text, Tensor image) =>
        RoutedActivations.Record(peft, () =>
        {
            using (feature.Use(image))
                toy.call(text);
        });

    private static Tensor Routed(Tensor text, Tensor image, Tensor down) => text.matmul(down.t()) * image.matmul(down.t());
}
