using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.Intrinsics;
using SkiaSharp;

namespace VLPeft.Preprocessing;

/// <summary>
/// JPEG: the common kind by <see cref="BaselineJpeg"/>, the rest through Skia. Its libjpeg-turbo runs with Pillow's settings (accurate
/// integer inverse DCT, triangle-filtered chroma), and its CMYK conversion is Pillow's too, so the result is the same to the last bit.
/// </summary>
internal static unsafe class JpegDecoder
{
    // A strip of rows stays in the processor's cache between Skia's write and our read of it.
    private const int StripBytes = 1 << 16;

    public static RgbImage Decode(ReadOnlySpan<byte> data, string name) => BaselineJpeg.TryDecode(data) ?? DecodeWithSkia(data, name);

    /// <summary>Any JPEG, and all errors.</summary>
    public static RgbImage DecodeWithSkia(ReadOnlySpan<byte> data, string name)
    {
        // The decoder may have all pixels without having met the end mark; Pillow calls that file truncated all the same.
        if (!HasEnd(data))
            throw ImageError.Create(name, "a whole JPEG picture", $"{data.Length} bytes of one that is cut off");
        fixed (byte* start = data)
        {
            using SKData file = SKData.Create((IntPtr)start, data.Length);
            using SKCodec? codec = SKCodec.Create(file);
            if (codec is null)
            {
                throw ImageError.Create(name, "a JPEG picture",
                    $"{data.Length} bytes whose JPEG header is damaged or of a kind that is not supported");
            }
            ImageDecoder.CheckSize(codec.Info.Width, codec.Info.Height, name);
            return Decode(codec, name);
        }
    }

    private static bool HasEnd(ReadOnlySpan<byte> data)
    {
        // Past the segments before the first scan, since a thumbnail among them has an end mark of its own.
        int at = 2;
        while (at + 4 <= data.Length && data[at] == 0xFF && data[at + 1] != 0xDA)
            at += data[at + 1] == 0xFF ? 1 : 2 + BinaryPrimitives.ReadUInt16BigEndian(data[(at + 2)..]);
        return at < data.Length && data[at..].LastIndexOf([(byte)0xFF, (byte)0xD9]) >= 0;
    }

    private static RgbImage Decode(SKCodec codec, string name)
    {
        // No colour space in the wanted format: Skia leaves the values as they are, whatever profile the file carries.
        var format = new SKImageInfo(codec.Info.Width, codec.Info.Height, SKColorType.Rgba8888, SKAlphaType.Opaque);
        SKCodecResult result = codec.StartScanlineDecode(format);
        if (result != SKCodecResult.Success)
            throw ImageError.Create(name, "a whole JPEG picture", $"damaged data ({result})");

        int width = format.Width, height = format.Height, stripRows = Math.Clamp(StripBytes / format.RowBytes, 1, height);
        byte[] pixels = GC.AllocateUninitializedArray<byte>(checked(width * height * 3));
        byte[] strip = ArrayPool<byte>.Shared.Rent(stripRows * format.RowBytes);
        try
        {
            fixed (byte* rgba = strip)
            fixed (byte* rgb = pixels)
            {
                for (int y = 0; y < height; y += stripRows)
                {
                    int rows = Math.Min(stripRows, height - y);
                    int read = codec.GetScanlines((IntPtr)rgba, rows, format.RowBytes);
                    if (read != rows)
                    {
                        throw ImageError.Create(name, $"{height} rows of pixels",
                            $"JPEG data that end or are damaged in row {y + Math.Max(read, 0)}");
                    }
                    DropAlpha(rgba, rgb + (long)y * width * 3, rows * width);
                }
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(strip);
        }
        return new RgbImage(width, height, pixels);
    }

    private static void DropAlpha(byte* rgba, byte* rgb, int count)
    {
        int i = 0;
        // Four pixels a step; the write is 16 bytes of which 12 count, so it stops while six pixels (18 bytes) are left.
        Vector128<byte> order = Vector128.Create((byte)0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, 255, 255, 255, 255);
        for (; i <= count - 6; i += 4)
            Vector128.Shuffle(Vector128.Load(rgba + 4L * i), order).Store(rgb + 3L * i);
        for (; i < count; i++)
        {
            rgb[3L * i] = rgba[4L * i];
            rgb[3L * i + 1] = rgba[4L * i + 1];
            rgb[3L * i + 2] = rgba[4L * i + 2];
        }
    }
}
