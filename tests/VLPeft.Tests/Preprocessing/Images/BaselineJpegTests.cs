using System.Runtime.Intrinsics.X86;
using CsCheck;
using SkiaSharp;
using VLPeft.Preprocessing;
using VLPeft.TestData;
using Xunit;

namespace VLPeft.Tests.Preprocessing.Images;

/// <summary>The fast path against Skia, which the parity tests hold against Pillow.</summary>
public sealed class BaselineJpegTests
{
    // 37×21, 4:2:0, a restart marker after each unit; made by libjpeg-turbo's cjpeg from a pattern of our own.
    private const string Restarts =
        "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDABQODxIPDRQSEBIXFRQYHjIhHhwcHj0sLiQySUBMS0dARkVQWnNiUFVtVkVGZIhlbXd7gYKBTmCNl4x9lnN+gXz/" +
        "2wBDARUXFx4aHjshITt8U0ZTfHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHz/wAARCAAVACUDASIAAhEBAxEB/8QA" +
        "GQABAQADAQAAAAAAAAAAAAAAAAQCAwUG/8QAGxAAAgMBAQEAAAAAAAAAAAAAAAMBAmEhMRH/xAAYAQADAQEAAAAAAAAAAAAAAAACAwQFBv/EACYRAAEBBAoD" +
        "AAAAAAAAAAAAAAEAAgMRgQQSFCEiMVFhkcFioeH/3QAEAAH/2gAMAwEAAhEDEQA/APLVThfVOFdU4a6pwoae2LeMsudUp0+rL//Q4NU4X1ThXVOGFU4E09sW" +
        "8ZZc6q10+rL/0eZCeeA7UJ54ALJ5evq2xSbl/9Kaq4L6rgATQScUu1ksk3L/08qrgvquACOgk4pdpbJNy//UthcfAAc3Eq0EwX//2Q==";

    [Theory]
    [InlineData(SKJpegEncoderDownsample.Downsample420)]
    [InlineData(SKJpegEncoderDownsample.Downsample422)]
    [InlineData(SKJpegEncoderDownsample.Downsample444)]
    public void Pictures_are_Skias(SKJpegEncoderDownsample sampling) =>
        Gen.Select(Gen.Int[5, 130], Gen.Int[1, 70], Gen.Int[1, 100], Gen.Int[0, 2], Gen.Int[0, 9999]).Sample(
            (width, height, quality, kind, seed) => AssertSame(Encode(width, height, kind, seed, quality, sampling)),
            iter: 150, threads: 1);

    [Fact]
    public void Grey_pictures_are_Skias() =>
        Gen.Select(Gen.Int[1, 60], Gen.Int[1, 60], Gen.Int[1, 100], Gen.Int[0, 9999]).Sample((width, height, quality, seed) =>
        {
            using var bitmap = new SKBitmap(width, height, SKColorType.Gray8, SKAlphaType.Opaque);
            new Random(seed).NextBytes(bitmap.GetPixelSpan());
            using SKData data = bitmap.Encode(SKEncodedImageFormat.Jpeg, quality);
            AssertSame(data.ToArray());
        }, iter: 60, threads: 1);

    [Fact]
    public void Restart_markers_are_followed() => AssertSame(Convert.FromBase64String(Restarts));

    [Fact]
    public void Restart_markers_out_of_order_are_left_to_Skia()
    {
        byte[] file = Convert.FromBase64String(Restarts);
        int second = file.AsSpan().IndexOf([(byte)0xFF, (byte)0xD1]);
        file[second + 1] = 0xD3;
        Assert.Null(BaselineJpeg.TryDecode(file));
    }

    [Fact]
    public void A_missing_piece_is_left_to_Skia()
    {
        byte[] file = Convert.FromBase64String(Restarts);
        int last = file.AsSpan().IndexOf([(byte)0xFF, (byte)0xD4]);
        Assert.Null(BaselineJpeg.TryDecode([.. file.AsSpan(0, last), 0xFF, 0xD9]));
    }

    [Fact]
    public void Damage_never_makes_a_picture_that_Skia_does_not_make()
    {
        byte[] whole = Encode(40, 30, kind: 1, seed: 3, quality: 70, SKJpegEncoderDownsample.Downsample420);
        var random = new Random(1);
        int kept = 0;
        for (int i = 0; i < 2000; i++)
        {
            byte[] file = [.. whole];
            file[random.Next(3, file.Length)] = (byte)random.Next(256);   // past what ImageDecoder looks at
            if (BaselineJpeg.TryDecode(file) is not { } image)
                continue;
            kept++;
            RgbImage expected = JpegDecoder.DecodeWithSkia(file, "damaged");
            Assert.Equal((expected.Width, expected.Height), (image.Width, image.Height));
        }
        Assert.True(kept > 0 || !Avx2.IsSupported);
    }

    [Fact]
    public void Only_the_common_kind_is_taken()
    {
        byte[] file = Pictures.Jpeg(40, 30, 80);
        int frame = file.AsSpan().IndexOf([(byte)0xFF, (byte)0xC0]);
        Assert.Equal(Avx2.IsSupported, BaselineJpeg.TryDecode(file) is not null);
        Assert.Null(BaselineJpeg.TryDecode(With(frame + 1, 0xC2)));    // progressive
        Assert.Null(BaselineJpeg.TryDecode(With(frame + 4, 12)));      // 12 bits
        Assert.Null(BaselineJpeg.TryDecode(With(frame + 11, 0x41)));   // luma four times as wide
        Assert.Null(BaselineJpeg.TryDecode(With(frame + 6, 0)));       // no rows
        Assert.Null(BaselineJpeg.TryDecode(file.AsSpan(0, file.Length - 1)));

        byte[] With(int at, byte value)
        {
            byte[] changed = [.. file];
            changed[at] = value;
            if (at == frame + 6)
                changed[frame + 5] = 0;
            return changed;
        }
    }

    [Fact]
    public void Photographs_are_Skias()
    {
        string folder = SharedData.Require("datasets", "mini-coco", "images");
        IEnumerable<string> files = Directory.EnumerateFiles(folder, "*.jpg", SearchOption.AllDirectories);
        foreach (string path in files.Order(StringComparer.Ordinal).Take(150))
            AssertSame(File.ReadAllBytes(path));
    }

    private static void AssertSame(byte[] file)
    {
        RgbImage? image = BaselineJpeg.TryDecode(file);
        if (!Avx2.IsSupported)
        {
            Assert.Null(image);
            return;
        }
        RgbImage expected = JpegDecoder.DecodeWithSkia(file, "x.jpg");
        Assert.NotNull(image);
        Assert.Equal((expected.Width, expected.Height), (image.Width, image.Height));
        Assert.Equal(expected.Pixels, image.Pixels);
    }

    // Smooth, noisy, or black and white at random.
    private static byte[] Encode(int width, int height, int kind, int seed, int quality, SKJpegEncoderDownsample sampling)
    {
        using var bitmap = new SKBitmap(width, height, SKColorType.Rgba8888, SKAlphaType.Opaque);
        Span<byte> pixels = bitmap.GetPixelSpan();
        new Random(seed).NextBytes(pixels);
        for (int i = 0; i < pixels.Length; i++)
        {
            int x = i / 4 % width, y = i / 4 / width;
            pixels[i] = kind switch { 0 => (byte)(x * (3 + i % 4) + y * 2), 1 => pixels[i], _ => (byte)(pixels[i] < 128 ? 0 : 255) };
        }
        using SKPixmap pixmap = bitmap.PeekPixels()!;
        using SKData data = pixmap.Encode(new SKJpegEncoderOptions(quality, sampling, SKJpegEncoderAlphaOption.Ignore))!;
        return data.ToArray();
    }
}
