using System.Buffers;
using System.Runtime.Intrinsics.X86;

namespace VLPeft.Preprocessing;

/// <summary>
/// Resizes pictures exactly as Pillow does: first along rows, then along columns, each with 8-bit rounding, weights in 22-bit fixed point,
/// and a filter that widens with the scale when shrinking.
/// </summary>
/// <remarks>Thread-safe. On processors with AVX2 a vector form is used, which gives the same bytes.</remarks>
public static class PillowResize
{
    /// <summary>The picture in another size.</summary>
    /// <param name="image">The picture to resize.</param>
    /// <param name="width">Wanted pixels in a row, at least 1.</param>
    /// <param name="height">Wanted rows, at least 1.</param>
    /// <param name="filter">How pixels are averaged.</param>
    public static RgbImage Resize(RgbImage image, int width, int height, ResampleFilter filter)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        byte[] pixels = GC.AllocateUninitializedArray<byte>(checked(width * height * 3));
        ResizeWindow(image, width, height, filter, new PixelWindow(0, 0, width, height), pixels);
        return new RgbImage(width, height, pixels);
    }

    /// <summary>A window of the resized picture: the same bytes as resizing and then cropping, without computing the rest.</summary>
    /// <param name="image">The picture to resize.</param>
    /// <param name="width">Pixels in a row of the whole resized picture.</param>
    /// <param name="height">Rows of the whole resized picture.</param>
    /// <param name="filter">How pixels are averaged.</param>
    /// <param name="window">The part wanted, inside the resized picture.</param>
    /// <param name="rgb">Receives window.Height · window.Width · 3 bytes.</param>
    public static void ResizeWindow(RgbImage image, int width, int height, ResampleFilter filter, PixelWindow window, Span<byte> rgb) =>
        ResizeWindow(image, width, height, filter, window, rgb, Avx2.IsSupported);

    internal static void ResizeWindow(
        RgbImage image, int width, int height, ResampleFilter filter, PixelWindow window, Span<byte> rgb, bool vectors)
    {
        Check(image, width, height, window, rgb);
        var rows = ResampleWeights.Of(image.Width, width, window.X, window.Width, filter);
        var columns = ResampleWeights.Of(image.Height, height, window.Y, window.Height, filter);
        if (rows.IsIdentity && columns.IsIdentity)
        {
            Copy(image, window, rgb);
            return;
        }

        // Only the rows that the second pass reads go through the first.
        int needed = columns.End - columns.Begin, stride = VectorResize.PaddedRow(window.Width);
        byte[] between = ArrayPool<byte>.Shared.Rent(checked(needed * stride));
        try
        {
            if (vectors)
            {
                VectorResize.Rows(image, columns.Begin, needed, rows, between, stride);
                VectorResize.Columns(between, stride, needed, columns, rgb, window.Width * 3);
            }
            else
            {
                ScalarResize.Rows(image, columns.Begin, needed, rows, between, stride);
                ScalarResize.Columns(between, stride, columns, rgb, window.Width * 3);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(between);
        }
    }

    private static void Check(RgbImage image, int width, int height, PixelWindow window, Span<byte> rgb)
    {
        ArgumentNullException.ThrowIfNull(image);
        if (image.Width < 1 || image.Height < 1 || image.Pixels.LongLength != (long)image.Width * image.Height * 3)
        {
            throw new ArgumentException(
                $"{image.Width}×{image.Height} pixels need 3 bytes each, got {image.Pixels.Length} bytes", nameof(image));
        }
        if (window.X < 0 || window.Y < 0 || window.Width < 1 || window.Height < 1
            || window.X > width - window.Width || window.Y > height - window.Height)
        {
            throw new ArgumentException($"{window} does not lie in a picture of {width}×{height} pixels", nameof(window));
        }
        if (rgb.Length != (long)window.Width * window.Height * 3)
            throw new ArgumentException($"{window.Width}×{window.Height} pixels need 3 bytes each, got {rgb.Length} bytes", nameof(rgb));
    }

    private static void Copy(RgbImage image, PixelWindow window, Span<byte> rgb)
    {
        int row = window.Width * 3;
        for (int y = 0; y < window.Height; y++)
            image.Pixels.AsSpan(((window.Y + y) * image.Width + window.X) * 3, row).CopyTo(rgb[(y * row)..]);
    }
}
