using TorchSharp;
using TorchSharp.Modules;
using VLPeft.Models;
using VLPeft.Peft;
using VLPeft.Routing;
using Xunit;
using static TorchSharp.torch;

namespace VLPeft.Tests.Peft;

public sealed class FoldingTests
{
    private const long Width = 12, Rank = 4, Images = 3;
    private const double Block = 1e-5;

    public static TheoryData<string, BlockRouting?> Settings
    {
        get
        {
            var data = new TheoryData<string, BlockRouting?>();
            foreach (string routing in KnownRoutingFunctions.Paper.Select(one => one.Name))
                foreach (BlockRouting? blocks in new BlockRouting?[] { null, BlockRouting.Joint, BlockRouting.Separate })
                    data.Add(routing, blocks);
            return data;
        }
    }

    [Theory, MemberData(nameof(Settings))]
    public void One_matrix_gives_what_the_bottleneck_gives(string routing, BlockRouting? blocks)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        LowRankBottleneck bottleneck = Bottleneck(routing, blocks);
        Tensor hidden = randn(1, 5, Width), image = randn(1, Width);
        (Tensor weight, Tensor? bias) = bottleneck.Fold(image);
        AssertClose(bottleneck.call(hidden, image.unsqueeze(0)), nn.functional.linear(hidden, weight, bias));
    }

    // Rows of several images, then of one: in the second case the matrix is folded, by the rule of FixedRoutingFeature.
    [Theory, MemberData(nameof(Settings))]
    public void Fixed_images_give_what_features_of_each_row_give(string routing, BlockRouting? blocks)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        (Host host, RoutingFeature feature, PeftModel peft) = Injected(routing, blocks);
        Tensor images = randn(Images, 1, Width);
        using var whole = new FixedRoutingFeature(images) { TokensToCome = 1000 };
        foreach ((long[] imageOf, bool folded) in new[] { (new long[] { 0, 1, 2 }, false), ([2, 0, 0, 1, 1], false), ([1, 1], true), ([2, 2], false), ([1], true) })
        {
            Tensor hidden = randn(imageOf.Length, 1, Width), expected, actual;
            using (feature.Use(images.index_select(0, tensor(imageOf))))
                expected = host.call(hidden);
            whole.Place(imageOf);
            using (feature.Use(whole))
                actual = host.call(hidden);
            AssertClose(expected, actual);
            Assert.Equal(folded, host.layer.Folded is not null);
        }
        peft.Dispose();
        Assert.Null(host.layer.Folded);
    }

    [Fact]
    public void Folding_waits_until_it_pays()
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        (Host host, RoutingFeature feature, PeftModel peft) = Injected("multiply", BlockRouting.Joint);
        LowRankBottleneck bottleneck = peft.Attached[0].Bottleneck;
        long rows = 5 * bottleneck.FoldCost / bottleneck.RowCost; // exactly as dear
        Assert.Equal((2 * Rank * Width) + (2 * Width * Rank), bottleneck.RowCost);
        Assert.Equal(3 * Width * 2 * Rank * Width, bottleneck.FoldCost);
        using var whole = new FixedRoutingFeature(randn(1, 1, Width));
        foreach (long tokens in new[] { rows, rows + 1 })
        {
            whole.TokensToCome = tokens;
            using (feature.Use(whole))
                host.call(randn(1, 1, Width));
            Assert.Equal(tokens > rows, host.layer.Folded is not null);
        }
    }

    [Fact]
    public void Training_and_gradients_never_fold()
    {
        using var scope = NewDisposeScope();
        (Host host, RoutingFeature feature, PeftModel peft) = Injected("multiply", BlockRouting.Joint);
        using var whole = new FixedRoutingFeature(randn(1, 1, Width)) { TokensToCome = 1000 };
        using (feature.Use(whole))
            host.call(randn(1, 1, Width)).sum().backward();
        Assert.Null(host.layer.Folded);
        peft.RequireGradients();
    }

    [Fact]
    public void Features_that_do_not_fit_are_refused()
    {
        using var scope = NewDisposeScope();
        Assert.Throws<ArgumentException>(() => new FixedRoutingFeature(randn(2, Width)));
        using var whole = new FixedRoutingFeature(randn(2, 1, Width));
        Assert.Throws<ArgumentException>(() => whole.Place([0, 2]));
        Assert.Throws<ArgumentException>(() => new RoutingFeature(Width + 1).Use(whole));
    }

    private static (Host Host, RoutingFeature Feature, PeftModel Peft) Injected(string routing, BlockRouting? blocks)
    {
        random.manual_seed(3);
        var host = new Host();
        var feature = new RoutingFeature(Width);
        PeftModel peft = PeftModel.Inject(host, new LoraOptions(ModulePattern.Suffixes(["layer"]), Rank, 2 * Rank)
        {
            Routing = KnownRoutingFunctions.Get(routing),
            Blocks = Blocks(blocks),
        }.ToPlan(), feature);
        Fill(peft.Attached[0].Bottleneck);
        host.eval();
        return (host, feature, peft);
    }

    private static LowRankBottleneck Bottleneck(string routing, BlockRouting? blocks)
    {
        random.manual_seed(3);
        var bottleneck = new LowRankBottleneck(
            Width, 3 * Width, new BottleneckOptions(Rank, 2, KnownBottlenecks.SharedDown, KnownRoutingFunctions.Get(routing)), Blocks(blocks));
        Fill(bottleneck);
        return bottleneck;
    }

    private static void Fill(LowRankBottleneck bottleneck)
    {
        using var frozen = no_grad();
        foreach ((_, Parameter parameter) in bottleneck.Roles)
            parameter.copy_(randn(parameter.shape).mul(Scalars.Of(0.3)));
    }

    private static OutputBlocks? Blocks(BlockRouting? routing) => routing is { } one ? new OutputBlocks([true, false, true], one) : null;

    private static void AssertClose(Tensor expected, Tensor actual)
    {
        Assert.Equal(expected.shape, actual.shape);
        Assert.InRange((expected - actual).abs().max().ToDouble(), 0, Block * Math.Max(1, expected.abs().max().ToDouble()));
        Assert.True(expected.abs().max().ToDouble() > 0.1, "nothing was computed");
    }

    private sealed class Host : nn.Module<Tensor, Tensor>
    {
        internal readonly Conv1D layer;

        public Host() : base(nameof(Host))
        {
            layer = new Conv1D(Width, 3 * Width, null);
            using (no_grad())
                layer.Weight.copy_(randn(layer.Weight.shape));
            RegisterComponents();
        }

        public override Tensor forward(Tensor x) => layer.call(x);
    }
}
