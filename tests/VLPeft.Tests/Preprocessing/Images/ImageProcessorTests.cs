using TorchSharp;
using VLPeft.Preprocessing;
using Xunit;

namespace VLPeft.Tests.Preprocessing.Images;

public sealed class ImageProcessorTests
{
    [Fact]
    public void Values_are_computed_in_NumPys_order()
    {
        ImageProcessor processor = ImageProcessor.Known("clip", 16);
        byte[] pixels = new byte[16 * 16 * 3];
        for (int i = 0; i < pixels.Length; i++)
            pixels[i] = (byte)(i / 3);
        float[] values = processor.Process(new RgbImage(16, 16, pixels));
        double[] mean = [0.48145466, 0.4578275, 0.40821073], std = [0.26862954, 0.26130258, 0.27577711];
        for (int channel = 0; channel < 3; channel++)
        {
            for (int value = 0; value < 256; value++)
            {
                float rescaled = (float)(value * 0.00392156862745098);
                Assert.Equal((rescaled - (float)mean[channel]) / (float)std[channel], values[channel * 256 + value]);
            }
        }
    }

    [Fact]
    public void A_mean_and_scale_of_whole_levels_can_be_said()
    {
        var processor = new ImageProcessor(new ImageProcessorSettings
        {
            Resize = ResizeRule.Exact(1, 2), Rescale = 1, Mean = PerChannel.All(127), Std = PerChannel.All(128),
        });
        float[] values = processor.Process(new RgbImage(2, 1, [0, 127, 255, 64, 128, 1]));
        Assert.Equal([-127f / 128, -63f / 128, 0f, 1f / 128, 1f, -126f / 128], values);
    }

    [Fact]
    public void The_shortest_side_is_resized_and_the_centre_kept()
    {
        // 3 wide, 7 high to 6 × 14, of which the rows 4 … 9.
        RgbImage image = Pictures.Noise(3, 7, 1);
        RgbImage whole = PillowResize.Resize(image, 6, 14, ResampleFilter.Bicubic);
        Assert.Equal(whole.Pixels[(4 * 18)..(10 * 18)], ImageProcessor.Known("clip", 6).Resize(image).Pixels);
    }

    [Theory]
    [InlineData(640, 20, 32, 32, 1024)]
    [InlineData(20, 640, 32, 1024, 32)]
    [InlineData(600, 400, 224, 224, 336)]
    [InlineData(500, 333, 224, 224, 336)]   // 336.3: cut off
    [InlineData(333, 500, 224, 336, 224)]
    [InlineData(7, 7, 5, 5, 5)]
    public void The_longer_side_is_cut_off_and_not_rounded(int width, int height, int side, int toHeight, int toWidth) =>
        Assert.Equal(new ImageSize(toHeight, toWidth), ResizeRule.ShortestSide(side).Of(height, width));

    [Fact]
    public void Batches_hold_the_pictures_one_after_the_other()
    {
        torch.set_num_threads(1);
        ImageProcessor processor = ImageProcessor.Known("deit", 12);
        RgbImage[] images = [Pictures.Noise(20, 15, 1), Pictures.Noise(9, 30, 2), Pictures.Noise(12, 12, 3)];
        using var scope = torch.NewDisposeScope();
        torch.Tensor batch = processor.ProcessBatch(images);
        Assert.Equal([3, 3, 12, 12], batch.shape);
        Assert.Equal(torch.ScalarType.Float32, batch.dtype);
        Assert.Equal(images.SelectMany(image => processor.Process(image)), batch.data<float>().ToArray());
        Assert.Throws<ArgumentOutOfRangeException>(() => processor.ProcessBatch([]));
    }

    [Fact]
    public void Processing_takes_no_memory_but_pooled_scratch()
    {
        ImageProcessor processor = ImageProcessor.Known("vit", 64);
        RgbImage image = Pictures.Noise(200, 150, 1);
        float[] values = new float[processor.ValueCount];
        processor.Process(image, values);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 20; i++)
            processor.Process(image, values);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1024);
    }

    [Fact]
    public void A_target_of_another_length_is_refused()
    {
        ImageProcessor processor = ImageProcessor.Known("vit", 8);
        Assert.Equal((8, 8, 192), (processor.Height, processor.Width, processor.ValueCount));
        Assert.Throws<ArgumentException>(() => processor.Process(Pictures.Noise(4, 4, 1), new float[191]));
        Assert.Throws<ArgumentException>(() => processor.Process(new RgbImage(4, 4, new byte[47]), new float[192]));
    }
}
