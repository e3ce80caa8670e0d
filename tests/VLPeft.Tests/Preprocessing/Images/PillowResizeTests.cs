using System.Runtime.Intrinsics.X86;
using CsCheck;
using VLPeft.Preprocessing;
using Xunit;

namespace VLPeft.Tests.Preprocessing.Images;

public sealed class PillowResizeTests
{
    private static readonly Gen<ResampleFilter> Filters =
        Gen.Bool.Select(cubic => cubic ? ResampleFilter.Bicubic : ResampleFilter.Bilinear);

    // Made by Pillow 9.4 from the picture of Formula(); 600 random pictures and sizes agreed as well.
    public static TheoryData<ResampleFilter, int, int, byte[]> Golden() => new()
    {
        { ResampleFilter.Bilinear, 3, 2, [51, 101, 149, 108, 158, 151, 131, 126, 118, 118, 168, 161, 107, 150, 125, 128, 112, 113] },
        { ResampleFilter.Bicubic, 3, 2, [44, 94, 149, 109, 163, 155, 135, 124, 117, 122, 173, 164, 107, 153, 121, 127, 110, 112] },
        {
            ResampleFilter.Bilinear, 7, 3,
            [
                13, 63, 113, 26, 76, 126, 52, 102, 152, 93, 143, 193, 148, 198, 138, 106, 156, 60, 189, 93, 143, 62, 112, 162, 95, 145, 195,
                142, 192, 185, 146, 196, 104, 79, 129, 122, 111, 104, 154, 157, 65, 115, 111, 161, 211, 164, 214, 118, 85, 135, 76,
                57, 107, 157, 152, 202, 106, 116, 56, 106, 129, 179, 83,
            ]
        },
        {
            ResampleFilter.Bicubic, 7, 3,
            [
                11, 61, 111, 23, 73, 123, 48, 98, 156, 96, 146, 196, 149, 199, 135, 103, 161, 61, 192, 92, 142, 62, 112, 162, 95, 145, 205,
                152, 202, 188, 149, 199, 101, 76, 126, 122, 111, 98, 157, 151, 62, 121, 113, 163, 213, 167, 217, 118, 86, 136, 72,
                54, 104, 154, 151, 201, 109, 119, 55, 105, 130, 180, 80,
            ]
        },
    };

    [Theory]
    [MemberData(nameof(Golden))]
    public void Bytes_are_Pillows(ResampleFilter filter, int width, int height, byte[] expected)
    {
        byte[] pixels = new byte[5 * 7 * 3];
        for (int i = 0; i < pixels.Length; i++)
        {
            int x = i / 3 % 7, y = i / 21, channel = i % 3;
            pixels[i] = (byte)(x * x * 7 + y * 31 + channel * 50 + x * y * 13);
        }
        Assert.Equal(expected, PillowResize.Resize(new RgbImage(7, 5, pixels), width, height, filter).Pixels);
    }

    [Fact]
    public void A_picture_of_one_colour_keeps_it() =>
        Sizes(60).Select(Gen.Byte, Filters).Sample((size, value, filter) =>
        {
            (int width, int height, int toWidth, int toHeight) = size;
            byte[] pixels = new byte[width * height * 3];
            for (int i = 0; i < pixels.Length; i++)
                pixels[i] = (byte)(value + i % 3);
            RgbImage resized = PillowResize.Resize(new RgbImage(width, height, pixels), toWidth, toHeight, filter);
            for (int i = 0; i < resized.Pixels.Length; i++)
                Assert.Equal((byte)(value + i % 3), resized.Pixels[i]);
        }, iter: 200, threads: 1);

    [Fact]
    public void The_same_size_is_the_same_picture() =>
        Gen.Select(Gen.Int[1, 40], Gen.Int[1, 40], Gen.Int[0, 99], Filters).Sample((width, height, seed, filter) =>
        {
            RgbImage image = Pictures.Noise(width, height, seed);
            Assert.Equal(image.Pixels, PillowResize.Resize(image, width, height, filter).Pixels);
        }, iter: 50, threads: 1);

    [Fact]
    public void A_window_is_a_crop_of_the_whole() =>
        Sizes(50).Select(Gen.Int[0, 9999], Filters).Sample((size, seed, filter) =>
        {
            (int width, int height, int toWidth, int toHeight) = size;
            RgbImage image = Pictures.Noise(width, height, seed);
            RgbImage whole = PillowResize.Resize(image, toWidth, toHeight, filter);
            var random = new Random(seed);
            int x = random.Next(toWidth), y = random.Next(toHeight);
            var window = new PixelWindow(x, y, random.Next(1, toWidth - x + 1), random.Next(1, toHeight - y + 1));
            byte[] part = new byte[window.Width * window.Height * 3];
            PillowResize.ResizeWindow(image, toWidth, toHeight, filter, window, part);
            for (int row = 0; row < window.Height; row++)
            {
                Assert.Equal(
                    whole.Pixels.AsSpan(((y + row) * toWidth + x) * 3, window.Width * 3),
                    part.AsSpan(row * window.Width * 3, window.Width * 3));
            }
        }, iter: 300, threads: 1);

    [Fact]
    public void Vectors_give_the_bytes_of_plain_code()
    {
        Gen<int> side = Gen.OneOf(Gen.Int[1, 12], Gen.Int[1, 150], Gen.Int[1, 700]);
        Gen.Select(side, side, Gen.Int[1, 90], Gen.Int[1, 90]).Select(Gen.Int[0, 999], Filters).Sample((size, seed, filter) =>
        {
            (int width, int height, int toWidth, int toHeight) = size;
            RgbImage image = Pictures.Noise(width, height, seed);
            byte[] plain = new byte[toWidth * toHeight * 3], vector = new byte[plain.Length];
            var window = new PixelWindow(0, 0, toWidth, toHeight);
            PillowResize.ResizeWindow(image, toWidth, toHeight, filter, window, plain, vectors: false);
            PillowResize.ResizeWindow(image, toWidth, toHeight, filter, window, vector, Avx2.IsSupported);
            Assert.Equal(plain, vector);
        }, iter: 200, threads: 1);
    }

    [Theory]
    [InlineData(60_000, 1)]
    [InlineData(1, 60_000)]
    public void Extreme_pictures_are_resized(int width, int height)
    {
        RgbImage image = Pictures.Noise(width, height, 1);
        byte[] plain = new byte[8 * 8 * 3], vector = new byte[plain.Length];
        var window = new PixelWindow(0, 0, 8, 8);
        PillowResize.ResizeWindow(image, 8, 8, ResampleFilter.Bicubic, window, plain, vectors: false);
        PillowResize.ResizeWindow(image, 8, 8, ResampleFilter.Bicubic, window, vector, Avx2.IsSupported);
        Assert.Equal(plain, vector);
        Assert.All(plain, value => Assert.InRange(value, 120, 136));   // the mean of thousands of bytes
    }

    [Fact]
    public void Threads_do_not_disturb_each_other()
    {
        RgbImage image = Pictures.Noise(90, 70, 4);
        byte[][] expected = [.. Enumerable.Range(0, 300).Select(Resized)];
        Parallel.For(0, 1200, i => Assert.Equal(expected[i % 300], Resized(i % 300)));

        byte[] Resized(int i) => PillowResize.Resize(image, i + 1, i / 2 + 1, ResampleFilter.Bicubic).Pixels;
    }

    [Fact]
    public void Wrong_arguments_are_refused()
    {
        RgbImage image = Pictures.Noise(4, 4, 1);
        Assert.Throws<ArgumentOutOfRangeException>(() => PillowResize.Resize(image, 0, 4, ResampleFilter.Bilinear));
        Assert.Throws<ArgumentOutOfRangeException>(() => PillowResize.Resize(image, 4, -1, ResampleFilter.Bilinear));
        Assert.Throws<ArgumentOutOfRangeException>(() => PillowResize.Resize(image, 3, 3, (ResampleFilter)1));
        Assert.Throws<ArgumentException>(() => PillowResize.Resize(image with { Width = 5 }, 3, 3, ResampleFilter.Bilinear));
        Assert.Throws<ArgumentException>(() => Window(new PixelWindow(2, 0, 2, 1), 6));
        Assert.Throws<ArgumentException>(() => Window(new PixelWindow(-1, 0, 2, 1), 6));
        Assert.Throws<ArgumentException>(() => Window(new PixelWindow(0, 0, 2, 1), 5));

        void Window(PixelWindow window, int bytes) =>
            PillowResize.ResizeWindow(image, 3, 3, ResampleFilter.Bilinear, window, new byte[bytes]);
    }

    private static Gen<(int Width, int Height, int ToWidth, int ToHeight)> Sizes(int most) =>
        Gen.Select(Gen.Int[1, most], Gen.Int[1, most], Gen.Int[1, most], Gen.Int[1, most]);
}
