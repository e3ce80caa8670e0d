using SkiaSharp;
using VLPeft.Preprocessing;
using Xunit;

namespace VLPeft.Tests.Preprocessing.Images;

public sealed class JpegDecoderTests
{
    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 3)]
    [InlineData(5, 1)]
    [InlineData(6, 1)]
    [InlineData(7, 9)]
    [InlineData(64, 48)]
    [InlineData(1201, 35)]
    public void Pixels_are_those_of_the_decoder_without_alpha(int width, int height)
    {
        byte[] file = Pictures.Jpeg(width, height, 90);
        RgbImage image = ImageDecoder.Decode(file, "x.jpg");
        using SKBitmap expected = SKBitmap.Decode(file);
        Assert.Equal((width, height), (image.Width, image.Height));
        for (int i = 0; i < width * height; i++)
        {
            SKColor colour = expected.GetPixel(i % width, i / width);
            Assert.Equal((colour.Red, colour.Green, colour.Blue), (image.Pixels[3 * i], image.Pixels[3 * i + 1], image.Pixels[3 * i + 2]));
        }
    }

    [Fact]
    public void A_jpeg_cut_off_anywhere_is_an_error()
    {
        byte[] file = Pictures.Jpeg(40, 30, 80);
        for (int length = 0; length < file.Length; length++)
        {
            string message = Assert.Throws<InvalidInputException>(() => ImageDecoder.Decode(file.AsSpan(0, length), "cut.jpg")).Message;
            Assert.Contains("cut.jpg", message);
        }
        Assert.Equal(40, ImageDecoder.Decode(file, "whole.jpg").Width);
    }

    [Fact]
    public void Rows_missing_before_the_end_mark_are_an_error()
    {
        // An end mark in the middle of the data, so that only the decoder can notice. libjpeg fills the rest with grey and warns,
        // and so does Pillow; what must not happen is a crash or a picture of another size.
        byte[] file = Pictures.Jpeg(40, 30, 80);
        byte[] cut = [.. file.AsSpan(0, file.Length / 2), 0xFF, 0xD9];
        try
        {
            Assert.Equal(40 * 30 * 3, ImageDecoder.Decode(cut, "cut.jpg").Pixels.Length);
        }
        catch (InvalidInputException e)
        {
            Assert.Contains("cut.jpg", e.Message);
        }
    }

    [Fact]
    public void The_end_mark_of_a_thumbnail_does_not_count()
    {
        byte[] file = Pictures.Jpeg(40, 30, 80);
        byte[] thumbnail = Pictures.Jpeg(4, 3, 80);
        int length = thumbnail.Length + 2;
        byte[] withThumbnail = [0xFF, 0xD8, 0xFF, 0xE1, (byte)(length >> 8), (byte)length, .. thumbnail, .. file.AsSpan(2)];
        Assert.Equal(ImageDecoder.Decode(file, "x.jpg").Pixels, ImageDecoder.Decode(withThumbnail, "x.jpg").Pixels);
        byte[] cut = withThumbnail[..^2];
        Assert.Contains("cut off", Assert.Throws<InvalidInputException>(() => ImageDecoder.Decode(cut, "x.jpg")).Message);
    }

    [Fact]
    public void A_gigantic_jpeg_is_refused_before_memory_is_taken()
    {
        byte[] file = Pictures.Jpeg(40, 30, 80);
        int frame = file.AsSpan().IndexOf([(byte)0xFF, (byte)0xC0]);
        foreach (int at in new[] { frame + 5, frame + 7 })
            (file[at], file[at + 1]) = (0xFF, 0x00);
        long before = GC.GetAllocatedBytesForCurrentThread();
        string message = Assert.Throws<InvalidInputException>(() => ImageDecoder.Decode(file, "big.jpg")).Message;
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20);
        Assert.Contains("65280×65280", message);
        Assert.Contains("100 megapixels", message);
    }
}
