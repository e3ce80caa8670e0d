using SkiaSharp;
using VLPeft.Preprocessing;

namespace VLPeft.Data.Scenes;

/// <summary>
/// PNG without compression: noise hardly compresses, and the bytes then don't depend on which of its deflate kernels zlib picks for the
/// processor at hand.
/// </summary>
internal static class ScenePng
{
    private static readonly SKPngEncoderOptions Stored = new(SKPngEncoderFilterFlags.NoFilters, zLibLevel: 0);

    public static unsafe byte[] Encode(RgbImage image)
    {
        var rgba = new byte[image.Width * image.Height * 4];
        for (int from = 0, to = 0; to < rgba.Length; from += 3, to += 4)
        {
            image.Pixels.AsSpan(from, 3).CopyTo(rgba.AsSpan(to));
            rgba[to + 3] = 255;
        }
        fixed (byte* start = rgba)
        {
            using var pixmap = new SKPixmap(
                new SKImageInfo(image.Width, image.Height, SKColorType.Rgba8888, SKAlphaType.Opaque), (nint)start, image.Width * 4);
            using SKData data = pixmap.Encode(Stored)
                ?? throw new InvalidOperationException("SkiaSharp could not encode a picture as PNG.");
            return data.ToArray();
        }
    }
}
