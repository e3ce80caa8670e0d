using VLPeft.Preprocessing;
using Xunit;

namespace VLPeft.Tests.Preprocessing.Images;

public sealed class ImageProcessorSettingsTests
{
    private static readonly ImageProcessorSettings Small = new() { Resize = ResizeRule.Exact(8, 6) };

    [Fact]
    public void The_text_is_pinned_since_caches_are_keyed_by_it()
    {
        Assert.Equal(
            """{"version":1,"resize":"exact","height":224,"width":224,"resample":"bilinear","crop":null,"rescale":0.00392156862745098,"mean":[0.5,0.5,0.5],"std":[0.5,0.5,0.5]}""",
            ImageProcessor.Known("vit", 224).Fingerprint);
        Assert.Equal(
            """{"version":1,"resize":"shortest-side","height":32,"width":32,"resample":"bicubic","crop":[32,32],"rescale":0.00392156862745098,"mean":[0.48145466,0.4578275,0.40821073],"std":[0.26862954,0.26130258,0.27577711]}""",
            ImageProcessor.Known("clip", 32).Fingerprint);
    }

    [Theory]
    [InlineData("vit")]
    [InlineData("beit")]
    [InlineData("deit")]
    [InlineData("clip")]
    public void The_text_reads_back(string name)
    {
        ImageProcessorSettings settings = ImageProcessorSettings.Known(name, 48);
        Assert.Equal(settings, ImageProcessorSettings.FromJson(settings.ToJson(), "here"));
    }

    [Theory]
    [InlineData(224, 256)]
    [InlineData(64, 73)]
    [InlineData(32, 37)]
    public void DeiT_resizes_to_eight_sevenths_and_crops(int size, int resized)
    {
        ImageProcessorSettings settings = ImageProcessorSettings.Known("deit", size);
        Assert.Equal(ResizeRule.Exact(resized, resized), settings.Resize);
        Assert.Equal(new ImageSize(size, size), settings.Output);
        Assert.Equal(new PerChannel(0.485, 0.456, 0.406), settings.Mean);
        Assert.Equal(new PerChannel(0.229, 0.224, 0.225), settings.Std);
    }

    [Fact]
    public void Unknown_names_and_sizes_are_refused()
    {
        Assert.Contains("vit, beit, deit or clip", Message("swin", 224));
        Assert.Contains("1 to 8192", Message("vit", 0));
        Assert.Contains("1 to 8192", Message("clip", 10_000));

        string Message(string name, int size) =>
            Assert.Throws<InvalidInputException>(() => ImageProcessorSettings.Known(name, size)).Message;
    }

    [Fact]
    public void Settings_out_of_range_are_refused()
    {
        Refused(Small with { CentreCrop = new ImageSize(9, 6) }, "crop", "8×6", "9×6");
        Refused(Small with { CentreCrop = new ImageSize(0, 6) }, "crop", "0×6");
        Refused(Small with { Resize = ResizeRule.ShortestSide(8) }, "crop");
        Refused(Small with { Resample = (ResampleFilter)1 }, "resample");
        Refused(Small with { Rescale = double.NaN }, "rescale");
        Refused(Small with { Rescale = 0 }, "rescale");
        Refused(Small with { Mean = new PerChannel(0, double.PositiveInfinity, 0) }, "mean");
        Refused(Small with { Std = new PerChannel(1, 1, 0) }, "std");
        Refused(Small with { Std = new PerChannel(1, 1, 1e-60) }, "std");
    }

    [Theory]
    [InlineData("[]", "JSON object")]
    [InlineData("{", "JSON")]
    [InlineData("""{"version":2}""", "version")]
    [InlineData("""{"version":1,"colour":1}""", "colour")]
    [InlineData("""{"version":1,"resize":"exact","height":8}""", "width")]
    [InlineData("""{"version":1,"resize":"exact","height":8.5,"width":8}""", "height")]
    [InlineData("""{"version":1,"resize":"longest","height":8,"width":8}""", "exact")]
    [InlineData("""{"version":1,"resize":"shortest-side","height":8,"width":9}""", "width")]
    [InlineData("""{"version":1,"resize":"exact","height":8,"width":8,"resample":"bilinear","crop":null,"rescale":"1","mean":[0,0,0],"std":[1,1,1]}""", "rescale")]
    [InlineData("""{"version":1,"resize":"exact","height":8,"width":8,"resample":"bilinear","crop":null,"rescale":1,"mean":[0,0],"std":[1,1,1]}""", "mean")]
    [InlineData("""{"version":1,"resize":"exact","height":8,"width":8,"resample":"bilinear","crop":null,"rescale":1,"mean":[0,0,0],"std":[1,1,0]}""", "std")]
    public void Bad_text_is_named(string json, string said)
    {
        string message = Assert.Throws<InvalidInputException>(() => ImageProcessorSettings.FromJson(json, "cache.json")).Message;
        Assert.Contains("cache.json", message);
        Assert.Contains(said, message);
    }

    private static void Refused(ImageProcessorSettings settings, params string[] said)
    {
        string message = Assert.Throws<InvalidInputException>(() => new ImageProcessor(settings)).Message;
        foreach (string part in said)
            Assert.Contains(part, message);
    }
}
