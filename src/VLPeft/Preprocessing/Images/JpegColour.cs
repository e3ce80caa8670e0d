using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace VLPeft.Preprocessing;

/// <summary>
/// From component planes to RGB as libjpeg does it: halved chroma is brought back with a triangle filter ("fancy upsampling": 3/4 of the
/// nearer sample, 1/4 of the farther one), then YCbCr becomes RGB in 16-bit fixed point.
/// </summary>
internal static unsafe class JpegColour
{
    private const int Step = 16;

    // 65536 times 1.402 - 1, 1.772 - 2, -0.34414, 1 - 0.71414: what is left of the factors when whole parts are added apart.
    private const short RedOfCr = 26345, BlueOfCb = -14942, GreenOfCb = -22554, GreenOfCr = 18734;

    /// <summary>Converts all rows.</summary>
    /// <param name="layout">Where the planes lie.</param>
    /// <param name="samples">The planes.</param>
    /// <param name="pixels">Receives Height · Width · 3 bytes.</param>
    public static void Convert(JpegLayout layout, byte* samples, Span<byte> pixels)
    {
        int padded = (layout.Width + 2 * Step) / Step * Step;
        // One row of both chroma components at full width, and a row of 16-bit sums with a neighbour at each end.
        byte[] scratch = ArrayPool<byte>.Shared.Rent(5 * padded + 8 * Step);
        try
        {
            fixed (byte* rows = scratch, rgb = pixels)
            {
                byte* fullBlue = rows, fullRed = rows + padded;
                short* sums = (short*)(rows + 2 * padded) + Step;
                for (int y = 0; y < layout.Height; y++)
                {
                    byte* luma = Row(layout.Planes[0], samples, y), blue = null, red = null;
                    if (layout.Planes.Length == 3 && layout.ColumnFactor == 1)
                    {
                        blue = Row(layout.Planes[1], samples, y);
                        red = Row(layout.Planes[2], samples, y);
                    }
                    else if (layout.Planes.Length == 3)
                    {
                        Widen(layout.Planes[1], layout.RowFactor, samples, y, sums, blue = fullBlue);
                        Widen(layout.Planes[2], layout.RowFactor, samples, y, sums, red = fullRed);
                    }
                    WriteRow(luma, blue, red, rgb + 3L * layout.Width * y, layout.Width);
                }
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(scratch);
        }
    }

    private static byte* Row(JpegPlane plane, byte* samples, int y) => samples + plane.Offset + (long)y * plane.Stride;

    // Row y of a plane of half the width, at full width.
    private static void Widen(JpegPlane plane, int rowFactor, byte* samples, int y, short* sums, byte* target)
    {
        byte* near = Row(plane, samples, y / rowFactor), far = near;
        if (rowFactor == 2)
            far = Row(plane, samples, y % 2 == 0 ? Math.Max(y / 2 - 1, 0) : Math.Min(y / 2 + 1, plane.Height - 1));
        for (int i = 0; i < plane.Width; i += Step)
        {
            Vector256<short> sum = Avx2.ConvertToVector256Int16(near + i);
            if (rowFactor == 2)
                sum = sum + sum + sum + Avx2.ConvertToVector256Int16(far + i);
            sum.Store(sums + i);
        }
        sums[-1] = sums[0];
        sums[plane.Width] = sums[plane.Width - 1];

        // libjpeg's rounding: to the left and to the right in turn.
        (short evenHalf, short oddHalf, int shift) = rowFactor == 2 ? ((short)8, (short)7, 4) : ((short)1, (short)2, 2);
        for (int i = 0; i < plane.Width; i += Step)
        {
            Vector256<short> here = Vector256.Load(sums + i), three = here + here + here;
            Vector256<short> even = (three + Vector256.Load(sums + i - 1) + Vector256.Create(evenHalf)) >> shift;
            Vector256<short> odd = (three + Vector256.Load(sums + i + 1) + Vector256.Create(oddHalf)) >> shift;
            (even | (odd << 8)).Store((short*)(target + 2 * i));
        }
    }

    private static void WriteRow(byte* luma, byte* blue, byte* red, byte* rgb, int width)
    {
        int x = 0;
        for (; x <= width - Step; x += Step, rgb += 3 * Step)
            WriteSixteen(luma + x, blue == null ? null : blue + x, red == null ? null : red + x, rgb);
        if (x == width)
            return;
        byte* rest = stackalloc byte[3 * Step];
        WriteSixteen(luma + x, blue == null ? null : blue + x, red == null ? null : red + x, rest);
        Unsafe.CopyBlockUnaligned(rgb, rest, (uint)(3 * (width - x)));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void WriteSixteen(byte* luma, byte* blue, byte* red, byte* rgb)
    {
        if (blue == null)
        {
            Vector128<byte> grey = Vector128.Load(luma);
            Interleave(grey, grey, grey, rgb);
            return;
        }
        Vector256<short> y = Avx2.ConvertToVector256Int16(luma), middle = Vector256.Create((short)128);
        Vector256<short> cb = Avx2.ConvertToVector256Int16(blue) - middle, cr = Avx2.ConvertToVector256Int16(red) - middle;
        Vector256<short> r = y + cr + Fraction(cr, RedOfCr), b = y + cb + cb + Fraction(cb, BlueOfCb);

        Vector256<short> factors = Vector256.Create((GreenOfCb & 0xFFFF) | (GreenOfCr << 16)).AsInt16();
        Vector256<int> half = Vector256.Create(1 << 15);
        Vector256<int> low = (Avx2.MultiplyAddAdjacent(Avx2.UnpackLow(cb, cr), factors) + half) >> 16;
        Vector256<int> high = (Avx2.MultiplyAddAdjacent(Avx2.UnpackHigh(cb, cr), factors) + half) >> 16;
        Vector256<short> g = y - cr + Avx2.PackSignedSaturate(low, high);
        Interleave(Clip(r), Clip(g), Clip(b), rgb);
    }

    // (value · factor + 2¹⁵) >> 16, from the high half of twice the product.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<short> Fraction(Vector256<short> value, short factor) =>
        (Avx2.MultiplyHigh(value + value, Vector256.Create(factor)) + Vector256<short>.One) >> 1;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<byte> Clip(Vector256<short> values) => Sse2.PackUnsignedSaturate(values.GetLower(), values.GetUpper());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Interleave(Vector128<byte> r, Vector128<byte> g, Vector128<byte> b, byte* rgb)
    {
        const byte no = 255;
        Vector128<byte> first = Vector128.Shuffle(r, Vector128.Create(0, no, no, 1, no, no, 2, no, no, 3, no, no, 4, no, no, 5))
            | Vector128.Shuffle(g, Vector128.Create(no, 0, no, no, 1, no, no, 2, no, no, 3, no, no, 4, no, no))
            | Vector128.Shuffle(b, Vector128.Create(no, no, 0, no, no, 1, no, no, 2, no, no, 3, no, no, 4, no));
        Vector128<byte> second = Vector128.Shuffle(r, Vector128.Create(no, no, 6, no, no, 7, no, no, 8, no, no, 9, no, no, 10, no))
            | Vector128.Shuffle(g, Vector128.Create(5, no, no, 6, no, no, 7, no, no, 8, no, no, 9, no, no, 10))
            | Vector128.Shuffle(b, Vector128.Create(no, 5, no, no, 6, no, no, 7, no, no, 8, no, no, 9, no, no));
        Vector128<byte> third = Vector128.Shuffle(r, Vector128.Create(no, 11, no, no, 12, no, no, 13, no, no, 14, no, no, 15, no, no))
            | Vector128.Shuffle(g, Vector128.Create(no, no, 11, no, no, 12, no, no, 13, no, no, 14, no, no, 15, no))
            | Vector128.Shuffle(b, Vector128.Create(10, no, no, 11, no, no, 12, no, no, 13, no, no, 14, no, no, 15));
        first.Store(rgb);
        second.Store(rgb + 16);
        third.Store(rgb + 32);
    }
}
