using VLPeft.Preprocessing;
using Xunit;

namespace VLPeft.Tests.Preprocessing.Images;

public sealed class HuggingFaceImageProcessorTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("vlpeft-processor").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("ViT", "vit")]
    [InlineData("Beit", "beit")]
    [InlineData("CLIP", "clip")]
    public void Missing_keys_take_the_classes_defaults(string type, string known)
    {
        foreach (string name in new[] { "ImageProcessor", "ImageProcessorFast", "FeatureExtractor" })
        {
            string key = name == "FeatureExtractor" ? "feature_extractor_type" : "image_processor_type";
            Assert.Equal(ImageProcessorSettings.Known(known, 224), Read($$"""{"{{key}}": "{{type}}{{name}}"}"""));
        }
    }

    [Fact]
    public void DeiTs_default_mean_is_a_half()
    {
        PerChannel half = PerChannel.All(0.5);
        ImageProcessorSettings expected = ImageProcessorSettings.Known("deit", 224) with { Mean = half, Std = half };
        Assert.Equal(expected, Read("""{"image_processor_type": "DeiTImageProcessor"}"""));
    }

    [Theory]
    [InlineData("ViT", "96", ResizeKind.Exact, 96, 96)]
    [InlineData("ViT", "[48, 64]", ResizeKind.Exact, 48, 64)]
    [InlineData("ViT", """{"height": 48, "width": 64}""", ResizeKind.Exact, 48, 64)]
    [InlineData("CLIP", "300", ResizeKind.ShortestSide, 300, 300)]
    [InlineData("CLIP", """{"shortest_edge": 300}""", ResizeKind.ShortestSide, 300, 300)]
    [InlineData("CLIP", """{"shortest_edge": 300, "longest_edge": null}""", ResizeKind.ShortestSide, 300, 300)]
    [InlineData("CLIP", """{"height": 300, "width": 250, "shortest_edge": null}""", ResizeKind.Exact, 300, 250)]
    public void All_forms_of_a_size_are_read(string type, string size, ResizeKind kind, int height, int width)
    {
        ImageProcessorSettings settings = Read($$"""{"image_processor_type": "{{type}}ImageProcessor", "size": {{size}}}""");
        Assert.Equal(new ResizeRule(kind, new ImageSize(height, width)), settings.Resize);
    }

    [Fact]
    public void An_old_feature_extractors_file_is_read()
    {
        ImageProcessorSettings settings = Read("""
            {"crop_size": 224, "do_center_crop": false, "do_normalize": true, "do_resize": true, "feature_extractor_type": "BeitFeatureExtractor",
             "image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5], "resample": 2, "size": 224}
            """);
        Assert.Equal(ImageProcessorSettings.Known("vit", 224), settings);
    }

    [Fact]
    public void A_fast_processors_file_with_its_nulls_is_read()
    {
        ImageProcessorSettings settings = Read("""
            {"crop_size": {"height": 336, "width": 336}, "data_format": "channels_first", "default_to_square": false, "device": null,
             "disable_grouping": null, "do_center_crop": true, "do_convert_rgb": true, "do_normalize": true, "do_pad": null, "do_rescale": true,
             "do_resize": true, "image_mean": [0.48145466, 0.4578275, 0.40821073], "image_processor_type": "CLIPImageProcessorFast",
             "image_std": [0.26862954, 0.26130258, 0.27577711], "input_data_format": null, "pad_size": null, "resample": 3,
             "rescale_factor": 0.00392156862745098, "return_tensors": null, "size": {"shortest_edge": 336}}
            """);
        Assert.Equal(ImageProcessorSettings.Known("clip", 336), settings);
    }

    [Fact]
    public void Steps_can_be_left_out()
    {
        ImageProcessorSettings settings = Read("""
            {"image_processor_type": "ViTImageProcessor", "do_rescale": false, "rescale_factor": 0.1, "do_normalize": false,
             "image_mean": [1, 2, 3], "size": 2}
            """);
        Assert.Equal((1.0, PerChannel.All(0), PerChannel.All(1)), (settings.Rescale, settings.Mean, settings.Std));
        Assert.Equal([.. Enumerable.Repeat(200f, 12)], new ImageProcessor(settings).Process(new RgbImage(1, 1, [200, 200, 200])));
    }

    [Fact]
    public void The_models_type_stands_in_for_a_missing_one()
    {
        File.WriteAllText(Path.Combine(_folder, "config.json"), """{"model_type": "beit"}""");
        Assert.Equal(ImageProcessorSettings.Known("beit", 64), Read("""{"size": 64}"""));
    }

    [Theory]
    [InlineData("""{"image_processor_type": "SwinImageProcessor"}""", "image_processor_type", "ViT, Beit, DeiT or CLIP", "SwinImageProcessor")]
    [InlineData("""{"image_processor_type": "ViTMAEImageProcessor"}""", "image_processor_type", "ViTMAEImageProcessor")]
    [InlineData("""{"feature_extractor_type": "DetrFeatureExtractor"}""", "feature_extractor_type", "DetrFeatureExtractor")]
    [InlineData("""{"size": 224}""", "image_processor_type", "config.json")]
    [InlineData("""{"image_processor_type": 3}""", "image_processor_type", "a text")]
    [InlineData("""{"image_processor_type": "ViTImageProcessor", "resample": 1}""", "resample", "2 (bilinear) or 3 (bicubic)", "got 1")]
    [InlineData("""{"image_processor_type": "ViTImageProcessor", "resample": "bicubic"}""", "resample")]
    [InlineData("""{"image_processor_type": "ViTImageProcessor", "do_pad": true}""", "do_pad", "got true")]
    [InlineData("""{"image_processor_type": "ViTImageProcessor", "crop_pct": 0.875}""", "crop_pct", "0.875")]
    [InlineData("""{"image_processor_type": "ViTImageProcessor", "do_resize": false}""", "do_resize")]
    [InlineData("""{"image_processor_type": "ViTImageProcessor", "do_center_crop": "yes"}""", "do_center_crop", "true or false")]
    [InlineData("""{"image_processor_type": "ViTImageProcessor", "size": "224"}""", "size")]
    [InlineData("""{"image_processor_type": "ViTImageProcessor", "size": 224.5}""", "size", "224.5")]
    [InlineData("""{"image_processor_type": "ViTImageProcessor", "size": {"height": 224}}""", "width")]
    [InlineData("""{"image_processor_type": "ViTImageProcessor", "size": {"shortest_edge": 224}}""", "crop")]
    [InlineData("""{"image_processor_type": "CLIPImageProcessor", "size": {"shortest_edge": 224, "longest_edge": 300}}""", "size", "longest_edge")]
    [InlineData("""{"image_processor_type": "CLIPImageProcessor", "size": 200}""", "crop", "224×224")]
    [InlineData("""{"image_processor_type": "ViTImageProcessor", "size": 100000}""", "size", "8192")]
    [InlineData("""{"image_processor_type": "ViTImageProcessor", "image_std": [0, 1, 1]}""", "std")]
    [InlineData("""{"image_processor_type": "ViTImageProcessor", "image_mean": [0.5]}""", "image_mean", "three numbers")]
    [InlineData("[1]", "JSON object")]
    [InlineData("not json", "JSON")]
    public void What_is_not_supported_is_named(string json, params string[] said)
    {
        string message = Assert.Throws<InvalidInputException>(() => Read(json)).Message;
        Assert.Contains(Path.Combine(_folder, "preprocessor_config.json"), message);
        foreach (string part in said)
            Assert.Contains(part, message);
    }

    [Fact]
    public void A_missing_file_or_folder_is_named()
    {
        string message = Assert.Throws<InvalidInputException>(() => ImageProcessor.FromFolder(_folder)).Message;
        Assert.Contains(_folder, message);
        Assert.Contains("preprocessor_config.json", message);
        Assert.Throws<InvalidInputException>(() => ImageProcessor.FromFolder(Path.Combine(_folder, "none")));
    }

    private ImageProcessorSettings Read(string json)
    {
        File.WriteAllText(Path.Combine(_folder, ImageProcessor.FileName), json);
        return ImageProcessor.FromFolder(_folder).Settings;
    }
}
