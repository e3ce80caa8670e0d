using TorchSharp;
using VLPeft.Models;
using VLPeft.Models.Clip;
using VLPeft.Models.EfficientNet;
using VLPeft.Preprocessing;
using Xunit;
using static TorchSharp.torch;

namespace VLPeft.Tests.Models;

/// <summary>Encoders that are no transformers: EfficientNet-Lite and CLIP's ResNet.</summary>
[Collection(Seeded.Name)]
public sealed class ConvolutionalEncoderTests : IDisposable
{
    private static readonly EfficientNetConfig EfficientNet = new()
    {
        ImageSize = 32, Classes = 5, Width = 24, StemKernel = 3, StemStride = 2, StemChannels = 8,
        Blocks = [new(3, 1, 1, 8, 6, false), new(5, 2, 4, 6, 10, false), new(3, 1, 4, 10, 10, true)],
    };

    private static readonly ClipResNetConfig ResNet = new() { Layers = [1, 2, 1, 1], Width = 2, Heads = 4, OutputWidth = 6, ImageSize = 64, Grid = 2 };

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    public static TheoryData<string, long, long> Encoders => new() { { "efficientnet", 64, 24 }, { "resnet", 4, 64 } };

    [Theory]
    [MemberData(nameof(Encoders))]
    public void A_saved_model_computes_the_same_also_in_train_mode(string name, long positions, long width)
    {
        using var scope = NewDisposeScope();
        IVisionEncoder saved = Save(name);
        Tensor pixels = Pixels(saved);

        IVisionEncoder loaded = VisionEncoders.FromFolder(folder.Path);
        VisionOutput expected = saved.Encode(pixels), output = loaded.Encode(pixels);
        loaded.Module.train();
        VisionOutput trained = loaded.Encode(pixels);

        Assert.Equal(saved.ConfigJson, loaded.ConfigJson);
        Assert.All(loaded.Module.parameters(), p => Assert.False(p.requires_grad));
        Assert.Equal((positions, width), (loaded.Positions, loaded.Width));
        Assert.Equal([2, positions, width], output.LastHiddenState.shape);
        Tiny.AssertClose(expected.LastHiddenState, output.LastHiddenState, 2e-6);
        Tiny.AssertClose(expected.Pooled!, output.Pooled!, 2e-6);
        Tiny.AssertClose(output.Pooled!, trained.Pooled!, 0);
        Assert.True(output.Pooled!.std().ToDouble() > 1e-3);
    }

    [Theory]
    [MemberData(nameof(Encoders))]
    public void Every_parameter_that_is_read_gets_a_gradient(string name, long positions, long width)
    {
        using var scope = NewDisposeScope();
        IVisionEncoder encoder = Save(name);
        Assert.Equal((positions, width), (encoder.Positions, encoder.Width));

        encoder.Encode(Pixels(encoder)).Pooled!.sum().backward();

        Assert.All(encoder.Module.named_parameters().Where(p => !p.name.StartsWith("_fc", StringComparison.Ordinal) && !p.name.Contains("attnpool")),
            p => Assert.False(p.parameter.grad is null, p.name));
    }

    [Theory]
    [MemberData(nameof(Encoders))]
    public void Pixels_that_do_not_fit_and_a_pooled_feature_that_is_not_wanted(string name, long positions, long width)
    {
        using var scope = NewDisposeScope();
        IVisionEncoder encoder = Save(name);
        Assert.Equal((positions, width), (encoder.Positions, encoder.Width));

        Assert.Contains("pixel values", Assert.Throws<ArgumentException>(() => encoder.Encode(zeros(1, 3, 16, 16))).Message);
        Assert.Contains("pixel values", Assert.Throws<ArgumentException>(() => encoder.Encode(Pixels(encoder).to(float64))).Message);
        IVisionEncoder bare = VisionEncoders.FromFolder(folder.Path, new BackboneOptions { Pooler = PoolerSource.None });
        Assert.False(bare.HasPooler);
        Assert.Null(bare.Encode(Pixels(bare)).Pooled);
    }

    [Theory]
    [InlineData("efficientnet", "\"in\": 10", "\"in\": 11", "blocks[2]")]
    [InlineData("efficientnet", "\"kernel\": 5", "\"kernel\": 4", "blocks[1]")]
    [InlineData("efficientnet", "tensorflow-same", "valid", "padding")]
    [InlineData("efficientnet", "\"squeeze_excite\": false", "\"squeeze_excite\": true", "squeeze_excite")]
    [InlineData("efficientnet", "\"feature_size\": 24", "\"feature_size\": 25", "_conv_head.weight")]
    [InlineData("resnet", "\"heads\": 4", "\"heads\": 5", "heads")]
    [InlineData("resnet", "\"input_resolution\": 64", "\"input_resolution\": 65", "input_resolution")]
    [InlineData("resnet", "\"output_dim\": 6", "\"output_dim\": 7", "visual.attnpool.c_proj.weight")]
    public void Configurations_that_do_not_fit_are_named(string name, string old, string changed, string expected)
    {
        using var scope = NewDisposeScope();
        string json = Save(name).ConfigJson;
        Assert.Contains(old, json);
        folder.Write("config.json", json.Replace(old, changed, StringComparison.Ordinal));

        Assert.Contains(expected, Assert.Throws<InvalidInputException>(() => VisionEncoders.FromFolder(folder.Path)).Message);
    }

    // The published widths and depths, as OpenAI's code counts them.
    [Theory]
    [InlineData(38_316_896, 64, 1024, new long[] { 3, 4, 6, 3 })]
    [InlineData(56_259_936, 64, 512, new long[] { 3, 4, 23, 3 })]
    public void Published_sizes_of_resnets(long expected, long width, long output, long[] layers)
    {
        var model = new ClipResNetModel(
            new ClipResNetConfig { Layers = [.. layers], Width = width, Heads = width / 2, OutputWidth = output, ImageSize = 224 }, device: META);

        Assert.Equal(expected, model.parameters().Sum(p => p.numel()));
        Assert.Equal((36L, 2048L), (model.Positions, model.Width));
    }

    [Theory]
    [InlineData(7, 3, 2, new long[] { 1, 1 })]
    [InlineData(8, 3, 2, new long[] { 0, 1 })]
    [InlineData(8, 5, 2, new long[] { 1, 2 })]
    public void TensorFlow_pads_behind_first(long side, long kernel, long stride, long[] expected)
    {
        using var scope = NewDisposeScope();
        Tensor padded = TensorFlowPadding.Pad(ones(1, 1, side, side), kernel, stride);

        long before = padded[0, 0].sum(1).eq(Scalars.Of(0)).to(int64).cumprod(0).sum().ToInt64();

        Assert.Equal([1, 1, side + expected.Sum(), side + expected.Sum()], padded.shape);
        Assert.Equal(expected[0], before);
    }

    [Fact]
    public void The_preprocessing_comes_from_the_models_own_configuration()
    {
        folder.Write("config.json", """{ "model_type": "efficientnet-lite0", "image_size": 2, "mean": [127, 127, 127], "std": [128, 64, 128], "input_range": [0, 255] }""");
        ImageProcessor processor = ImageProcessor.FromFolder(folder.Path);

        float[] pixels = processor.Process(new RgbImage(2, 2, [255, 191, 127, 0, 0, 0, 0, 0, 0, 0, 0, 0]));

        Assert.Equal([1f, 1f, 0f], [pixels[0], pixels[4], pixels[8]]);
        folder.Write("config.json", """{ "model_type": "efficientnet-lite0", "image_size": 2, "mean": [127, 127, 127], "std": [128, 64, 128], "input_range": [0, 1] }""");
        Assert.Contains("input_range", Assert.Throws<InvalidInputException>(() => ImageProcessor.FromFolder(folder.Path)).Message);
    }

    [Fact]
    public void An_archive_of_OpenAIs_is_named_with_what_to_do()
    {
        folder.Write("config.json", ResNet.ToJson());
        folder.Write("RN101.pt", "archive");

        string message = Assert.Throws<InvalidInputException>(() => VisionEncoders.FromFolder(folder.Path)).Message;

        Assert.Contains("RN101.pt", message);
        Assert.Contains("safetensors", message);
    }

    private IVisionEncoder Save(string name)
    {
        IVisionEncoder encoder = name == "resnet" ? Tiny.Eval(() => new ClipResNetModel(ResNet)) : Tiny.Eval(() => new EfficientNetModel(EfficientNet));
        HubFolder.Save(encoder.Module, encoder.ConfigJson, folder.Path);
        return encoder;
    }

    private static Tensor Pixels(IVisionEncoder encoder) =>
        arange(Scalars.Of(2 * 3 * encoder.ImageSize * encoder.ImageSize), float32).mul_(Scalars.Of(0.37)).sin_().reshape(2, 3, encoder.ImageSize, encoder.ImageSize);
}
