using System.Buffers;
using System.Runtime.Intrinsics.X86;

namespace VLPeft.Preprocessing;

/// <summary>
/// The common JPEG (8-bit baseline, grey or YCbCr with chroma whole, halved along x, or halved both ways) decoded with AVX2, at over twice
/// the speed of Skia's libjpeg-turbo, which is built without vector code. Integer for integer what libjpeg-turbo computes: accurate
/// inverse DCT, triangle-filtered chroma, its YCbCr conversion. Everything else, and every file with the slightest irregularity, is
/// left to Skia: this path only ever gives whole pictures.
/// </summary>
internal static unsafe class BaselineJpeg
{
    // Planes of the whole picture are held; larger pictures take Skia's way, strip by strip.
    private const long MaxPixels = 1 << 24;

    /// <summary>The picture, or null when it is Skia's to decode or to refuse.</summary>
    public static RgbImage? TryDecode(ReadOnlySpan<byte> data)
    {
        if (!Avx2.IsSupported || JpegHeader.TryRead(data) is not { } header || (long)header.Width * header.Height > MaxPixels)
            return null;
        using var scan = new JpegScan(data[header.ScanStart..], header.RestartInterval == 0);
        if (!scan.IsWhole)
            return null;
        var layout = new JpegLayout(header);
        byte[] planes = ArrayPool<byte>.Shared.Rent(layout.PlaneBytes);
        try
        {
            fixed (byte* samples = planes)
            {
                if (!DecodeBlocks(header, layout, scan, samples))
                    return null;
                byte[] pixels = GC.AllocateUninitializedArray<byte>(header.Width * header.Height * 3);
                JpegColour.Convert(layout, samples, pixels);
                return new RgbImage(header.Width, header.Height, pixels);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(planes);
        }
    }

    private static bool DecodeBlocks(JpegHeader header, JpegLayout layout, JpegScan scan, byte* samples)
    {
        int units = layout.UnitColumns * layout.UnitRows, perSegment = header.RestartInterval == 0 ? units : header.RestartInterval;
        if (scan.Segments.Count != (units + perSegment - 1) / perSegment)
            return false;
        int components = header.Components.Length;
        int* dc = stackalloc int[3];
        fixed (byte* bytes = scan.Bytes)
        {
            for (int unit = 0, segment = 0; unit < units; segment++)
            {
                (int start, int end) = scan.Segments[segment];
                var bits = new JpegBits(bytes + start, bytes + end);
                new Span<int>(dc, 3).Clear();
                for (int last = Math.Min(unit + perSegment, units); unit < last; unit++)
                {
                    int row = unit / layout.UnitColumns, column = unit - row * layout.UnitColumns;
                    for (int i = 0; i < components; i++)
                    {
                        JpegComponent component = header.Components[i];
                        JpegPlane plane = layout.Planes[i];
                        byte* target = samples + plane.Offset
                            + (long)row * 8 * component.Rows * plane.Stride + (long)column * 8 * component.Columns;
                        for (int y = 0; y < component.Rows; y++, target += 8L * plane.Stride)
                        {
                            for (int x = 0; x < component.Columns; x++)
                            {
                                if (!JpegBlock.Decode(ref bits, component, ref dc[i], target + 8 * x, plane.Stride))
                                    return false;
                            }
                        }
                    }
                }
                if (!bits.IsAtEnd)
                    return false;
            }
        }
        return true;
    }
}
