using TorchSharp;
using TorchSharp.Modules;
using VLPeft.Models;
using VLPeft.Peft;
using VLPeft.Recipes;
using VLPeft.Routing;
using VLPeft.VisionLanguage;
using Xunit;
using static TorchSharp.torch;

namespace VLPeft.Tests.Peft;

public class BottleneckLifetimeTests
{
    public BottleneckLifetimeTests() => set_num_threads(1);

    public static TheoryData<string> Kinds => [.. KnownBottlenecks.All.Select(kind => kind.Name)];

    [Theory, MemberData(nameof(Kinds))]
    public void ParametersOutliveTheScopeTheyAreMadeIn(string name)
    {
        IBottleneckKind kind = KnownBottlenecks.Get(name);
        IRoutingFunction routing = kind.AlwaysUsesFeature ? KnownRoutingFunctions.None : KnownRoutingFunctions.Multiply;
        foreach (BottleneckInitialization start in Enum.GetValues<BottleneckInitialization>())
        {
            LowRankBottleneck made;
            using (NewDisposeScope())
                made = new LowRankBottleneck(8, 8, new BottleneckOptions(16, 1, kind, routing, Bias: true, Initialization: start));
            using var scope = NewDisposeScope();
            Assert.All(made.parameters(), parameter => Assert.False(parameter.IsInvalid));
            Assert.Equal([2, 5, 8], made.call(randn(2, 5, 8), randn(2, 1, 8)).shape);
            made.Dispose();
        }
    }

    [Fact]
    public void HeadAndImageSideOutliveTheScopeTheyAreMadeIn()
    {
        VqaHead head;
        ImageSide side;
        using (NewDisposeScope())
        {
            head = new VqaHead(8, 16, 3);
            side = new ImageSide(new ImageSideOptions(RoutingSource.Pooled, PrefixKind.None, PrefixSource.Pooled, true), 8, nn.Linear(6, 8));
        }
        using var scope = NewDisposeScope();
        Assert.All(head.parameters().Concat(side.parameters()), parameter => Assert.False(parameter.IsInvalid));
        Assert.Equal([2, 3], head.call(randn(2, 8)).shape);
    }

    [Fact]
    public void ManyStepsKeepTheNumberOfLiveTensorsAndDetachRemovesTheHooks()
    {
        var toy = new Toy();
        var feature = new RoutingFeature(8);
        PeftModel peft;
        using (NewDisposeScope())
            peft = PeftModel.Inject(toy, (new LoraOptions(ModulePattern.Suffixes("query", "value"), 4, 8) { Routing = KnownRoutingFunctions.Multiply }).ToPlan(), feature);
        void Step()
        {
            using var scope = NewDisposeScope();
            using (feature.Use(randn(2, 1, 8)))
                toy.call(randn(2, 5, 8)).sum().backward();
        }
        Step();
        long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        for (int step = 0; step < 2_000; step++)
            Step();
        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
        peft.Detach();
        using var last = NewDisposeScope();
        Tensor x = randn(2, 5, 8);
        Assert.True(toy.call(x).Equals(toy.call(x))); // routed hooks would ask for a feature
        peft.Dispose();
    }

    [Fact]
    public void AModelMayBeConvertedAfterTheInjection()
    {
        using var scope = NewDisposeScope();
        var toy = new Toy();
        LoraOptions options = new(ModulePattern.Suffixes("query"), 4, 8) { AlsoTrain = [ModulePattern.Suffixes("norm.weight")] };
        using PeftModel peft = PeftModel.Inject(toy, options.ToPlan());
        toy.to(bfloat16);
        Tensor y = toy.call(randn(2, 5, 8, bfloat16));
        Assert.Equal(bfloat16, y.dtype);
        y.to(float32).sum().backward();
        peft.RequireGradients();
        Assert.All(peft.BottleneckParameters, one => Assert.Equal(float32, one.Parameter.dtype));
        peft.Detach();
        Assert.All(toy.parameters(), parameter => Assert.True(parameter.requires_grad));
    }

    [Fact]
    public void FeaturesNest()
    {
        using var scope = NewDisposeScope();
        var feature = new RoutingFeature();
        Tensor a = randn(1, 1, 2), b = randn(1, 1, 2);
        using (feature.Use(a))
        {
            IDisposable inner = feature.Use(b);
            Assert.Same(b, feature.Current);
            inner.Dispose();
            Assert.Same(a, feature.Current);
            using (feature.Use(b))
            {
                inner.Dispose();
                Assert.Same(b, feature.Current);
            }
        }
        Assert.Null(feature.Current);
    }

    [Fact]
    public void MergingIsAllOrNothing()
    {
        using var scope = NewDisposeScope();
        var toy = new Toy();
        PeftPlan plan = new LoraOptions(ModulePattern.Suffixes("query"), 4, 8).ToPlan();
        plan = plan with { Sites = [.. plan.Sites, new PeftSite(ModulePattern.Suffixes("value"), Attachment.Serial)] };
        using PeftModel peft = PeftModel.Inject(toy, plan);
        using (no_grad())
            foreach ((_, Parameter parameter) in peft.TrainableParameters)
                parameter.normal_(0, 0.5);
        Tensor[] before = [.. toy.parameters().Select(parameter => parameter.detach().clone())];
        Assert.Contains("layer.0.value", Assert.Throws<InvalidOperationException>(peft.Merge).Message, StringComparison.Ordinal);
        Assert.All(toy.parameters().Zip(before), pair => Assert.True(pair.First.Equals(pair.Second)));
    }

    [Theory]
    [InlineData(BlockRouting.Joint)]
    [InlineData(BlockRouting.Separate)]
    public void MergingKnowsTheBlocksOfAFusedProjection(BlockRouting routing)
    {
        using var scope = NewDisposeScope();
        var toy = new Toy();
        using PeftModel peft = PeftModel.Inject(toy, (new LoraOptions(ModulePattern.Suffixes("query"), 2, 8) { Blocks = new OutputBlocks([true, false, true, true], routing) }).ToPlan());
        using var frozen = no_grad();
        foreach ((_, Parameter parameter) in peft.TrainableParameters)
            parameter.normal_(0, 0.5);
        Tensor x = randn(3, 8), expected = toy.call(x);
        peft.Merge();
        Assert.InRange((toy.call(x) - expected).abs().max().ToDouble(), 0, 1e-5);
    }

    [Fact]
    public void APlanThatCannotWorkIsRefused()
    {
        using var scope = NewDisposeScope();
        var plain = new LoraOptions(ModulePattern.Suffixes("query"), 4, 8);
        PeftPlan twice = plain.ToPlan() with
        {
            Sites = [new PeftSite(ModulePattern.Suffixes("query"), Attachment.Parallel), new PeftSite(ModulePattern.Suffixes("0.query"), Attachment.Serial)],
        };
        Assert.Contains("two bottlenecks", Assert.Throws<InvalidInputException>(() => PeftModel.Inject(new Toy(), twice)).Message, StringComparison.Ordinal);
        foreach (string kind in new[] { "split", "split-merge", "split-merge-residual" })
            Assert.Contains(kind, Assert.Throws<InvalidInputException>(() => PeftModel.Inject(new Toy(), (plain with { Kind = KnownBottlenecks.Get(kind) }).ToPlan())).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void SeparateRoutingAfterTheUpProjectionCutsWholeBlocks()
    {
        using var scope = NewDisposeScope();
        var options = new BottleneckOptions(2, 1, KnownBottlenecks.Get("after-up"), KnownRoutingFunctions.Matmul, Initialization: BottleneckInitialization.Linear);
        using var fused = new LowRankBottleneck(8, 12, options, new OutputBlocks([true, false, true], BlockRouting.Separate));
        Tensor x = randn(2, 5, 8), v = randn(2, 1, 8), y = fused.call(x, v);
        Assert.Equal(0, y.narrow(2, 4, 4).abs().max().item<float>());
        var roles = fused.Roles.ToDictionary(one => one.Role, one => one.Parameter);
        foreach (int block in new[] { 0, 1 })
        {
            Tensor weight = roles["up_weight"].narrow(0, 4 * block, 4).mm(roles["down_weight"].narrow(0, 2 * block, 2));
            Tensor expected = KnownRoutingFunctions.Matmul.Route(nn.functional.linear(x, weight), nn.functional.linear(v, weight));
            Assert.True(y.narrow(2, 8 * block, 4).allclose(expected, 1e-5, 1e-6));
        }
    }
}
