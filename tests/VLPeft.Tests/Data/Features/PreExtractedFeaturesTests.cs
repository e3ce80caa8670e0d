using TorchSharp;
using VLPeft.Checkpoints;
using VLPeft.Data.Features;
using VLPeft.TestData;
using Xunit;
using static TorchSharp.torch;

namespace VLPeft.Tests.Data.Features;

public sealed class PreExtractedFeaturesTests : IDisposable
{
    private const string Index = """{"model": "any", "rows": {"10": 2, "7": 0, "12": 1, "13": 1}}""";
    private readonly TemporaryFolder folder = new();
    private readonly Tensor values;

    public PreExtractedFeaturesTests()
    {
        set_num_threads(1);
        values = randn(3, 4, 5);
    }

    public void Dispose()
    {
        values.Dispose();
        folder.Dispose();
    }

    [Theory]
    [InlineData(ScalarType.Float32)]
    [InlineData(ScalarType.Float16)]
    [InlineData(ScalarType.BFloat16)]
    [InlineData(ScalarType.Float64)]
    public void Rows_are_gathered_by_image_id_as_float32(ScalarType type)
    {
        using Tensor stored = values.to(type), expected = stored.to(ScalarType.Float32);
        using PreExtractedFeatures store = Open(stored);
        Assert.Equal((4, 5), (store.Tokens, store.Width));
        Assert.Equal([7, 10, 12, 13], store.ImageIds.Order());
        using Tensor read = store.Gather([store.RowOf(10), store.RowOf(7), store.RowOf(10), store.RowOf(13)]);
        using Tensor wanted = stack([expected[2], expected[0], expected[2], expected[1]]);
        Assert.Equal(ScalarType.Float32, read.dtype);
        Assert.Equal([4, 4, 5], read.shape);
        Assert.Equal(wanted.bytes, read.bytes);
    }

    [Fact]
    public void Pooled_features_have_one_token()
    {
        using PreExtractedFeatures store = Open(values[.., 0]);
        Assert.Equal((1, 5), (store.Tokens, store.Width));
        using Tensor read = store.Gather([1]);
        Assert.Equal([1, 1, 5], read.shape);
        Assert.Equal(values[1, 0].clone().bytes, read.bytes);
    }

    [Fact]
    public void A_file_of_several_tensors_wants_a_name()
    {
        var two = new Dictionary<string, Tensor> { ["pooled"] = values[.., 0], ["grid"] = values };
        SafetensorsWriter.Write(folder.File("two.safetensors"), two);
        File.WriteAllText(folder.File("index.json"), Index);
        string tensors = folder.File("two.safetensors"), index = folder.File("index.json");
        using PreExtractedFeatures grid = PreExtractedFeatures.Open(tensors, index, "grid");
        Assert.Equal(4, grid.Tokens);
        Assert.Contains("'grid', 'pooled'", Assert.Throws<InvalidInputException>(() => PreExtractedFeatures.Open(tensors, index)).Message);
        string message = Assert.Throws<InvalidInputException>(() => PreExtractedFeatures.Open(tensors, index, "patches")).Message;
        Assert.Contains("'patches'", message);
        Assert.Contains("'grid', 'pooled'", message);
    }

    [Fact]
    public void Other_ranks_and_types_are_refused()
    {
        foreach (Tensor wrong in new[] { values[0, 0], values.unsqueeze(0), ones([3, 5], ScalarType.Int64), empty(0, 5), empty(3, 0) })
            Assert.Contains("'features'", Assert.Throws<InvalidInputException>(() => Open(wrong)).Message);
    }

    [Theory]
    [InlineData("""{"rows": {"10": 3}}""", "rows 0 to 2")]
    [InlineData("""{"rows": {"10": -1}}""", "rows 0 to 2")]
    [InlineData("""{"rows": {"10": 1.5}}""", "rows 0 to 2")]
    [InlineData("""{"rows": {"10": "1"}}""", "no feature index")]
    [InlineData("""{"rows": {"cat": 1}}""", "no image id")]
    [InlineData("""{"rows": {"10": 1, "10": 2}}""", "two rows")]
    [InlineData("""{"rows": {"10": 1, "010": 2}}""", "two rows")]
    [InlineData("""{"rows": [1]}""", "no feature index")]
    [InlineData("""{"row": {}}""", "no feature index")]
    [InlineData("[]", "no feature index")]
    [InlineData("{", "no feature index")]
    public void A_wrong_index_is_named(string index, string why)
    {
        string message = Assert.Throws<InvalidInputException>(() => Open(values, index)).Message;
        Assert.Contains("index.json", message);
        Assert.Contains(why, message);
    }

    [Fact]
    public void Missing_files_ids_and_rows_are_errors()
    {
        using PreExtractedFeatures store = Open(values);
        Assert.Contains("99", Assert.Throws<InvalidInputException>(() => store.RowOf(99)).Message);
        Assert.Throws<ArgumentOutOfRangeException>(() => store.Gather([3]));
        Assert.Throws<ArgumentOutOfRangeException>(() => store.Gather([-1]));
        string tensors = folder.File("features.safetensors"), index = folder.File("index.json"), none = folder.File("none");
        Assert.Contains(none, Assert.Throws<InvalidInputException>(() => PreExtractedFeatures.Open(none, index)).Message);
        Assert.Contains(none, Assert.Throws<InvalidInputException>(() => PreExtractedFeatures.Open(tensors, none)).Message);
    }

    [Fact]
    public void No_tensor_is_left_behind()
    {
        long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        using (PreExtractedFeatures store = Open(values))
        {
            store.Gather([0, 1]).Dispose();
            Assert.Throws<ArgumentOutOfRangeException>(() => store.Gather([3]));
        }
        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    [Theory]
    [InlineData("pooled", 1)]
    [InlineData("grid2x2", 4)]
    public void Real_features_of_mini_coco(string name, long tokens)
    {
        string features = SharedData.Require("datasets", "mini-coco", "features", "efficientnet-lite0");
        using PreExtractedFeatures store = PreExtractedFeatures.Open(
            Path.Combine(features, $"{name}.safetensors"), Path.Combine(features, "index.json"));
        Assert.Equal((tokens, 1280), (store.Tokens, store.Width));
        int[] rows = [.. store.ImageIds.Select(store.RowOf)];
        Assert.Equal(Enumerable.Range(0, rows.Length), rows.Order());
        using Tensor all = store.Gather(rows);
        Assert.True(all.isfinite().all().ToBoolean());
        Assert.True((all >= Scalars.Of(0)).all().ToBoolean());                      // they come out of a ReLU6
        Assert.True((all <= Scalars.Of(6)).all().ToBoolean());
    }

    private PreExtractedFeatures Open(Tensor features, string index = Index)
    {
        SafetensorsWriter.Write(folder.File("features.safetensors"), new Dictionary<string, Tensor> { ["features"] = features });
        File.WriteAllText(folder.File("index.json"), index);
        return PreExtractedFeatures.Open(folder.File("features.safetensors"), folder.File("index.json"));
    }
}
