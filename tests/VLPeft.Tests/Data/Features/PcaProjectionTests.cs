using TorchSharp;
using VLPeft.Checkpoints;
using VLPeft.Data.Features;
using VLPeft.TestData;
using Xunit;
using static TorchSharp.torch;

namespace VLPeft.Tests.Data.Features;

public sealed class PcaProjectionTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public PcaProjectionTests() => set_num_threads(1);

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_case_done_by_hand()
    {
        // Points on two perpendicular lines through (10, 20): variance 16/4·2 along (3, 4)/5 and 1/4·2 along (-4, 3)/5.
        using Tensor points = tensor(new float[,] { { 12.4f, 23.2f }, { 7.6f, 16.8f }, { 9.2f, 20.6f }, { 10.8f, 19.4f } });
        using PcaProjection one = PcaProjection.Fit(points, 1);
        // Projections ±4, 0, 0, whose mean square is 8: divided by √8.
        AssertClose([4 / Math.Sqrt(8), -4 / Math.Sqrt(8), 0, 0], one.Apply(points));

        using PcaProjection white = PcaProjection.Fit(points, 2, new PcaOptions { Whitening = 1 });
        // Both directions get variance 1: ±4/√8, ±1/√0.5. The second direction's largest entry, −4/5, is turned positive.
        AssertClose([Math.Sqrt(2), 0, -Math.Sqrt(2), 0, 0, -Math.Sqrt(2), 0, Math.Sqrt(2)], white.Apply(points));

        using PcaProjection half = PcaProjection.Fit(points, 2, new PcaOptions { Whitening = 0.5 });
        // Variances √8 and √0.5, scaled to a mean of 1.
        double mean = (Math.Sqrt(8) + Math.Sqrt(0.5)) / 2;
        double first = Math.Sqrt(2 * Math.Sqrt(8) / mean), second = Math.Sqrt(2 * Math.Sqrt(0.5) / mean);
        AssertClose([first, 0, -first, 0, 0, -second, 0, second], half.Apply(points));
        Assert.Equal((2, 2, 4), (half.InputWidth, half.OutputWidth, half.FittedOn));
    }

    [Theory]
    [InlineData(0, true)]
    [InlineData(0.5, true)]
    [InlineData(1, true)]
    [InlineData(0.5, false)]
    public void Projected_training_features_are_uncorrelated_of_unit_mean_square_and_falling_variance(double whitening, bool center)
    {
        using Tensor features = Correlated(500, 12).Plus(3);
        using PcaProjection projection = PcaProjection.Fit(features, 7, new PcaOptions { Whitening = whitening, Center = center });
        using Tensor projected = projection.Apply(features).to(ScalarType.Float64);
        Check(projected, whitening, tolerance: 1e-5);
        if (center)
            Assert.True(projected.mean([0]).abs().max().ToDouble() < 1e-5);
    }

    [Fact]
    public void Directions_are_those_of_the_singular_value_decomposition()
    {
        using Tensor features = Correlated(200, 9).to(ScalarType.Float64);
        using PcaProjection projection = PcaProjection.Fit(features, 4, new PcaOptions { Whitening = 0.3 });
        using Tensor centred = features - features.mean([0]);
        (_, Tensor singular, Tensor right) = linalg.svd(centred, fullMatrices: false);
        using Tensor expected = centred.mm(right[..4].t()) * singular[..4].pow(Scalars.Of(2)).div(Scalars.Of(200)).pow(Scalars.Of(-0.15));
        using Tensor scaled = expected / expected.pow(Scalars.Of(2)).mean().sqrt();
        using Tensor projected = projection.Apply(features).to(ScalarType.Float64);
        using Tensor signs = (projected * scaled).sum(dim: 0).sign();
        Assert.True((projected - scaled * signs).abs().max().ToDouble() < 1e-5);
    }

    [Fact]
    public void Signs_do_not_follow_the_data_or_the_solver()
    {
        using Tensor features = Correlated(100, 6), mirrored = -features;
        using PcaProjection one = PcaProjection.Fit(features, 6), other = PcaProjection.Fit(mirrored, 6);
        using Tensor axes = one.Apply(eye(6)) - one.Apply(zeros(1, 6)), otherAxes = other.Apply(eye(6)) - other.Apply(zeros(1, 6));
        Assert.True((axes - otherAxes).abs().max().ToDouble() < 1e-5);
        using Tensor largest = axes.t().gather(1, axes.t().abs().argmax(1, keepdim: true));
        Assert.True((largest > Scalars.Of(0)).all().ToBoolean());
    }

    [Fact]
    public void Patches_count_as_vectors_and_keep_their_place()
    {
        using Tensor features = Correlated(60, 5).view(20, 3, 5);
        using PcaProjection patches = PcaProjection.Fit(features, 2), flat = PcaProjection.Fit(features.view(60, 5), 2);
        Assert.Equal(60, patches.FittedOn);
        using Tensor projected = patches.Apply(features), expected = flat.Apply(features.view(60, 5));
        Assert.Equal([20, 3, 2], projected.shape);
        Assert.True((projected.view(60, 2) - expected).abs().max().ToDouble() < 1e-5);
    }

    [Fact]
    public void Many_vectors_are_taken_in_pieces()
    {
        using Tensor few = Correlated(100, 4), many = few.repeat(90, 1);
        using PcaProjection one = PcaProjection.Fit(few, 3), other = PcaProjection.Fit(many, 3);
        Assert.True((one.Apply(few) - other.Apply(few)).abs().max().ToDouble() < 1e-5);
    }

    [Fact]
    public void The_same_fit_gives_the_same_bits()
    {
        using Tensor features = Correlated(300, 20);
        using PcaProjection one = PcaProjection.Fit(features, 10), other = PcaProjection.Fit(features, 10);
        Assert.Equal(one.Apply(features).bytes, other.Apply(features).bytes);
    }

    [Fact]
    public void Saved_and_loaded_it_projects_bit_for_bit()
    {
        using Tensor features = Correlated(50, 6);
        using PcaProjection projection = PcaProjection.Fit(features, 3, new PcaOptions { Whitening = 0.1, Center = false });
        projection.Save(folder.File("pca.safetensors"));
        using PcaProjection loaded = PcaProjection.Load(folder.File("pca.safetensors"));
        Assert.Equal(projection.Apply(features).bytes, loaded.Apply(features).bytes);
        Assert.Equal((projection.Options, projection.FittedOn), (loaded.Options, loaded.FittedOn));
        projection.Save(folder.File("again.safetensors"));
        Assert.Equal(File.ReadAllBytes(folder.File("pca.safetensors")), File.ReadAllBytes(folder.File("again.safetensors")));
    }

    [Fact]
    public void Training_features_that_do_not_suffice_are_refused()
    {
        using Tensor features = Correlated(50, 6);
        Assert.Contains("can't widen", Assert.Throws<InvalidInputException>(() => PcaProjection.Fit(features, 7)).Message);
        Assert.Contains("at least as many", Assert.Throws<InvalidInputException>(() => PcaProjection.Fit(features[..4], 5)).Message);
        Assert.Contains("vary in 4", Assert.Throws<InvalidInputException>(() => PcaProjection.Fit(features[..5], 5)).Message);
        Assert.Contains("vary in 0", Assert.Throws<InvalidInputException>(() => PcaProjection.Fit(ones(20, 6), 2)).Message);
        Assert.Contains("finite", Assert.Throws<InvalidInputException>(() => PcaProjection.Fit(features.div(Scalars.Of(0)), 2)).Message);
    }

    [Fact]
    public void Wrong_arguments_are_refused()
    {
        using Tensor features = Correlated(50, 6);
        Assert.Throws<ArgumentOutOfRangeException>(() => PcaProjection.Fit(features, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => PcaProjection.Fit(features, 2, new PcaOptions { Whitening = 1.5 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => PcaProjection.Fit(features, 2, new PcaOptions { Whitening = double.NaN }));
        Assert.Throws<ArgumentException>(() => PcaProjection.Fit(features[0], 2));
        Assert.Throws<ArgumentException>(() => PcaProjection.Fit(features.to(ScalarType.Int64), 2));
        using PcaProjection projection = PcaProjection.Fit(features, 2);
        Assert.Throws<ArgumentException>(() => projection.Apply(ones(3, 5)));
        Assert.Throws<ArgumentException>(() => projection.Apply(ones(6)[0]));
    }

    [Fact]
    public void A_file_of_something_else_is_refused()
    {
        using Tensor features = Correlated(50, 6);
        using PcaProjection projection = PcaProjection.Fit(features, 3);
        string path = folder.File("other.safetensors");
        SafetensorsWriter.Write(path, new Dictionary<string, Tensor> { ["weight"] = features });
        Assert.Contains("weight", Assert.Throws<InvalidInputException>(() => PcaProjection.Load(path)).Message);
        projection.Save(path);
        byte[] bytes = File.ReadAllBytes(path);
        File.WriteAllBytes(path, bytes[..^8]);
        Assert.Throws<InvalidInputException>(() => PcaProjection.Load(path));
        Assert.Throws<InvalidInputException>(() => PcaProjection.Load(folder.File("none.safetensors")));
    }

    [Fact]
    public void A_projected_store_gathers_projected_rows()
    {
        using Tensor features = Correlated(40, 6);
        SafetensorsWriter.Write(folder.File("f.safetensors"), new Dictionary<string, Tensor> { ["f"] = features });
        File.WriteAllText(folder.File("index.json"), """{"rows": {"5": 0, "6": 39}}""");
        using PreExtractedFeatures inner = PreExtractedFeatures.Open(folder.File("f.safetensors"), folder.File("index.json"));
        using PcaProjection projection = PcaProjection.Fit(features, 2), wider = PcaProjection.Fit(Correlated(40, 8), 2);
        var store = new ProjectedFeatures(inner, projection);
        Assert.Equal((1, 2), (store.Tokens, store.Width));
        using Tensor read = store.Gather([store.RowOf(6), store.RowOf(5)]), all = projection.Apply(features);
        Assert.Equal([2, 1, 2], read.shape);
        // Two rows and forty are not always multiplied in the same order.
        Assert.True(allclose(stack([all[39], all[0]]).unsqueeze(1), read, rtol: 1e-5, atol: 1e-6));
        Assert.Contains("8 wide", Assert.Throws<InvalidInputException>(() => new ProjectedFeatures(inner, wider)).Message);
    }

    [Fact]
    public void No_tensor_is_left_behind()
    {
        using Tensor features = Correlated(50, 6);
        long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        using (PcaProjection projection = PcaProjection.Fit(features, 3))
        {
            projection.Apply(features).Dispose();
            projection.Save(folder.File("p"));
            PcaProjection.Load(folder.File("p")).Dispose();
        }
        Assert.Throws<InvalidInputException>(() => PcaProjection.Fit(features[..3], 3));
        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount - 1); // features[..3] is the test's
    }

    [Fact]
    public void Real_features_of_mini_coco()
    {
        string folder = SharedData.Require("datasets", "mini-coco", "features", "efficientnet-lite0");
        using PreExtractedFeatures store = PreExtractedFeatures.Open(
            Path.Combine(folder, "pooled.safetensors"), Path.Combine(folder, "index.json"));
        using Tensor features = store.Gather([.. store.ImageIds.Select(store.RowOf)]);
        using PcaProjection projection = PcaProjection.Fit(features, 384, new PcaOptions { Whitening = 0.5 });
        using Tensor projected = projection.Apply(features).to(ScalarType.Float64).squeeze(1);
        Assert.Equal([features.shape[0], 384], projected.shape);
        Check(projected, 0.5, tolerance: 1e-4);
    }

    /// <summary>Unit mean square; no correlation; variances that fall as the eigenvalues' power 1 − whitening.</summary>
    private static void Check(Tensor projected, double whitening, double tolerance)
    {
        using var scope = NewDisposeScope();
        Assert.Equal(1, projected.pow(Scalars.Of(2)).mean().ToDouble(), tolerance);
        Tensor moments = projected.t().mm(projected).div(Scalars.Of(projected.shape[0])), variances = moments.diagonal();
        Tensor correlations = moments / (variances.unsqueeze(0) * variances.unsqueeze(1)).sqrt();
        Assert.True((correlations - eye(projected.shape[1], dtype: ScalarType.Float64)).abs().max().ToDouble() < tolerance);
        if (whitening == 1)
            Assert.True(variances.sub(Scalars.One).abs().max().ToDouble() < tolerance);
        else
            Assert.True((variances[1..] - variances[..^1]).max().ToDouble() < tolerance);
    }

    private static Tensor Correlated(long count, long width)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(3);
        Tensor mixing = randn([width, width], generator: generator), source = randn([count, width], generator: generator);
        return nn.functional.linear(source, mixing).MoveToOuterDisposeScope();
    }

    private static void AssertClose(double[] expected, Tensor actual)
    {
        using (actual)
        {
            float[] values = actual.data<float>().ToArray();
            Assert.Equal(expected.Length, values.Length);
            for (int i = 0; i < values.Length; i++)
                Assert.Equal(expected[i], values[i], 1e-5);
        }
    }
}
