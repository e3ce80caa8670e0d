using System.Buffers;
using System.Text;

namespace VLPeft.Preprocessing;

/// <summary>
/// Decodes PNG and JPEG pictures to exactly the bytes that Pillow's <c>Image.open(...).convert("RGB")</c> gives: EXIF orientation is not
/// applied, colour profiles are not applied, alpha is dropped without compositing, 16-bit grey is clipped at 255, other 16-bit
/// channels keep their high byte, CMYK is multiplied by its black.
/// </summary>
/// <remarks>Thread-safe. Damaged, truncated or oversized pictures are errors, never partial pictures.</remarks>
public static class ImageDecoder
{
    /// <summary>The largest picture that is decoded, in pixels.</summary>
    public const long MaxPixels = 100_000_000;

    /// <summary>The longest side that is decoded, in pixels (also the limit of the JPEG format).</summary>
    public const int MaxSide = 65_535;

    private const long MaxFileBytes = 1L << 30;

    private static ReadOnlySpan<byte> JpegStart => [0xFF, 0xD8, 0xFF];

    /// <summary>Reads and decodes the picture in a file.</summary>
    /// <param name="path">A PNG or JPEG file; its content decides, not its name.</param>
    /// <exception cref="InvalidInputException">The file can't be read, is no PNG or JPEG picture, is damaged or too large.</exception>
    public static RgbImage Decode(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        byte[]? buffer = null;
        try
        {
            int length;
            using (FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0))
            {
                if (file.Length > MaxFileBytes)
                    throw ImageError.Create(path, $"a file of at most {MaxFileBytes >> 20} MiB", $"{file.Length} bytes");
                buffer = ArrayPool<byte>.Shared.Rent((int)file.Length);
                length = file.ReadAtLeast(buffer.AsSpan(0, (int)file.Length), (int)file.Length, throwOnEndOfStream: false);
            }
            return Decode(buffer.AsSpan(0, length), path);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new InvalidInputException($"Picture '{path}' does not exist: expected a PNG or JPEG file.", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            throw new InvalidInputException($"Picture '{path}' can't be read: expected a PNG or JPEG file, got: {e.Message}", e);
        }
        finally
        {
            if (buffer is not null)
                ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Decodes a picture in memory.</summary>
    /// <param name="data">The whole PNG or JPEG file.</param>
    /// <param name="name">What error messages call the picture, usually its path.</param>
    /// <exception cref="InvalidInputException">The data are no PNG or JPEG picture, are damaged or too large.</exception>
    public static RgbImage Decode(ReadOnlySpan<byte> data, string name)
    {
        if (data.StartsWith(PngDecoder.Signature))
            return PngDecoder.Decode(data, name);
        if (data.StartsWith(JpegStart))
            return JpegDecoder.Decode(data, name);
        throw ImageError.Create(name, "a PNG or JPEG picture", Describe(data));
    }

    /// <summary>Refuses a picture whose size is impossible or too large, before memory is taken for it.</summary>
    internal static void CheckSize(long width, long height, string name)
    {
        if (width < 1 || height < 1)
            throw ImageError.Create(name, "a picture of at least 1×1 pixels", $"{width}×{height}");
        if (width > MaxSide || height > MaxSide || width * height > MaxPixels)
        {
            throw ImageError.Create(name, $"at most {MaxPixels / 1_000_000} megapixels and {MaxSide} pixels a side",
                $"a header that declares {width}×{height} pixels");
        }
    }

    private static string Describe(ReadOnlySpan<byte> data)
    {
        if (data.IsEmpty)
            return "an empty file";
        if (PngDecoder.Signature.StartsWith(data) || JpegStart.StartsWith(data))
            return $"a file cut off after {data.Length} bytes";
        if (data.StartsWith("GIF8"u8))
            return "a GIF picture";
        if (data.StartsWith("BM"u8))
            return "a BMP picture";
        if (data.StartsWith("RIFF"u8) && data.Length >= 12 && data.Slice(8, 4).SequenceEqual("WEBP"u8))
            return "a WebP picture";
        if (data.StartsWith("II*\0"u8) || data.StartsWith("MM\0*"u8))
            return "a TIFF picture";
        ReadOnlySpan<byte> head = data[..Math.Min(16, data.Length)];
        return head.IndexOfAnyExceptInRange((byte)' ', (byte)'~') < 0
            ? $"text that starts with \"{Encoding.ASCII.GetString(head)}\""
            : $"{data.Length} bytes that start with {Convert.ToHexString(head)}";
    }
}
