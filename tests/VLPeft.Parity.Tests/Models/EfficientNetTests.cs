using System.Text.Json;
using TorchSharp;
using VLPeft.Checkpoints;
using VLPeft.Data;
using VLPeft.Data.Features;
using VLPeft.Models;
using VLPeft.Models.EfficientNet;
using VLPeft.Preprocessing;
using VLPeft.TestData;
using Xunit;
using static TorchSharp.torch;

namespace VLPeft.Parity.Tests.Models;

/// <summary>
/// Real weights: EfficientNet-Lite0, whose folder holds what PyTorch computes for four drawn pictures at every stage, and features of
/// photographs that were extracted elsewhere.
/// </summary>
[Trait("Category", "Parity")]
public sealed class EfficientNetTests
{
    // Features are at most 6, and half precision there has steps of 2⁻⁸.
    private const double Half = 1.0 / 512 + 2e-4;

    private static string Folder => SharedData.Require("models", "efficientnet-lite0");

    [Fact]
    public void Pooled_features_and_logits()
    {
        using var scope = NewDisposeScope();
        using SafetensorsFile expected = SafetensorsFile.Open(Path.Combine(Folder, "expected.safetensors"));
        EfficientNetModel model = Load();

        Tensor pooled = model.Encode(Pixels(expected)).Pooled!;

        TensorAssert.Close(expected.Read("pooled"), pooled, TensorAssert.Model, "pooled");
        TensorAssert.Close(expected.Read("logits"), model.Classify(pooled), TensorAssert.Model, "logits");
    }

    [Fact]
    public void Sums_and_first_values_of_every_stage()
    {
        using var scope = NewDisposeScope();
        using SafetensorsFile file = SafetensorsFile.Open(Path.Combine(Folder, "expected.safetensors"));
        using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Folder, "expected.json")));
        EfficientNetModel model = Load();
        VisionOutput output = model.Encode(Pixels(file), hiddenStates: true);
        Tensor[] maps = [.. output.HiddenStates!.Append(output.LastHiddenState).Select(tokens => tokens.transpose(1, 2)), output.Pooled!, model.Classify(output.Pooled!)];
        JsonProperty[] stages = [.. json.RootElement.GetProperty("stages").EnumerateObject()];

        Assert.Equal(stages.Length, maps.Length);
        foreach ((JsonProperty stage, Tensor map) in stages.Zip(maps))
        {
            long[] shape = stage.Value.GetProperty("shape").Deserialize<long[]>()!;
            Tensor flat = map.reshape([map.shape[0], shape.Aggregate(1L, (all, n) => all * n)]).to(float64);
            Compare("abs_sum", flat.abs().sum(1), flat.abs().sum(1));
            // A sum of values of both signs is as exact as the sum of their sizes.
            Compare("sum", flat.sum(1), flat.abs().sum(1));
            Compare("first8", flat.narrow(1, 0, 8), flat.abs().amax([1], keepdim: true));

            void Compare(string name, Tensor actual, Tensor scale)
            {
                Tensor wanted = Numbers(stage.Value.GetProperty(name)).reshape(actual.shape);
                double worst = ((wanted - actual).abs() / scale).max().ToDouble();
                Assert.True(worst <= TensorAssert.Model, $"{stage.Name} {name} differs by {worst:g3}");
            }
        }
    }

    [Fact]
    public void Features_of_photographs_from_their_JPEGs()
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        string features = SharedData.Require("datasets", "mini-coco", "features", "efficientnet-lite0");
        var pictures = new FolderImageSource(SharedData.Require("datasets", "mini-coco", "images", "val2014"));
        using PreExtractedFeatures pooled = Open("pooled"), grid = Open("grid2x2");
        EfficientNetModel model = Load();
        ImageProcessor processor = ImageProcessor.FromFolder(Folder);
        // Every hundredth picture: all of them take a minute.
        long[] ids = [.. Ids(Path.Combine(features, "index.json")).Where((_, i) => i % 100 == 0)];

        VisionOutput output = model.Encode(processor.ProcessBatch([.. ids.Select(id => ImageDecoder.Decode(pictures.PathOf(id)))]));
        Tensor map = output.LastHiddenState.transpose(1, 2).reshape(ids.Length, model.Width, 7, 7);

        AssertHalf(pooled, output.Pooled!.unsqueeze(1));
        AssertHalf(grid, nn.functional.adaptive_avg_pool2d(map, [2, 2]).flatten(2).transpose(1, 2));

        PreExtractedFeatures Open(string name) =>
            PreExtractedFeatures.Open(Path.Combine(features, $"{name}.safetensors"), Path.Combine(features, "index.json"), null);

        void AssertHalf(PreExtractedFeatures stored, Tensor actual)
        {
            double worst = (stored.Gather([.. ids.Select(stored.RowOf)]).to(float32) - actual).abs().max().ToDouble();
            Assert.True(worst <= Half, $"differs by {worst:g3}");
        }
    }

    private static EfficientNetModel Load()
    {
        set_num_threads(1);
        return EfficientNetModel.FromFolder(Folder);
    }

    // (4, 224, 224, 3) bytes through the folder's own image processor
    private static Tensor Pixels(SafetensorsFile expected)
    {
        ImageProcessor processor = ImageProcessor.FromFolder(Folder);
        Tensor images = expected.Read("images");
        return processor.ProcessBatch([.. Enumerable.Range(0, (int)images.shape[0]).Select(i =>
            new RgbImage((int)images.shape[2], (int)images.shape[1], images[i].contiguous().data<byte>().ToArray()))]);
    }

    private static Tensor Numbers(JsonElement json) => json.EnumerateArray().First().ValueKind == JsonValueKind.Array
        ? tensor(json.EnumerateArray().SelectMany(row => row.Deserialize<double[]>()!).ToArray())
        : tensor(json.Deserialize<double[]>()!);

    private static IEnumerable<long> Ids(string index)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(index));
        return [.. document.RootElement.GetProperty("rows").EnumerateObject().Select(row => long.Parse(row.Name, System.Globalization.CultureInfo.InvariantCulture))];
    }
}
