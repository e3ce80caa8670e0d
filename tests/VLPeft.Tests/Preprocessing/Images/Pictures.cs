using SkiaSharp;
using VLPeft.Preprocessing;

namespace VLPeft.Tests.Preprocessing.Images;

/// <summary>Pictures for tests, the same in every run.</summary>
internal static class Pictures
{
    public static RgbImage Noise(int width, int height, int seed)
    {
        byte[] pixels = new byte[width * height * 3];
        var random = new Random(seed);
        random.NextBytes(pixels);
        // A third of them in black and white, which overshoots most under bicubic.
        if (seed % 3 == 0)
            pixels = Array.ConvertAll(pixels, value => value < 128 ? (byte)0 : (byte)255);
        return new RgbImage(width, height, pixels);
    }

    public static byte[] Jpeg(int width, int height, int quality)
    {
        using var bitmap = new SKBitmap(width, height, SKColorType.Rgba8888, SKAlphaType.Opaque);
        for (int y = 0; y < height; y++)
        {
            for (int x = 0; x < width; x++)
                bitmap.SetPixel(x, y, new SKColor((byte)(x * 5 + y), (byte)(y * 9), (byte)((x / 8 + y / 8) % 2 * 200)));
        }
        using SKData data = bitmap.Encode(SKEncodedImageFormat.Jpeg, quality);
        return data.ToArray();
    }
}
