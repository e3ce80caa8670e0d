using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace VLPeft.Preprocessing;

/// <summary>
/// The two passes of <see cref="PillowResize"/> with AVX2. A weight w = high·2¹⁵ + low is multiplied in two 16-bit halves
/// (pmaddwd: two pixels a lane), and (high sum · 2¹⁵ + low sum) equals the 32-bit sum that Pillow forms, also where parts wrap around.
/// </summary>
internal static unsafe class VectorResize
{
    private const int Lanes = 32;
    private const int RowsAtOnce = 4;

    private static readonly Vector256<int> Half256 = Vector256.Create(1 << (ResampleWeights.Bits - 1));

    /// <summary>Bytes of a row between the passes: whole vectors, and room for the fourth byte written with the last pixel.</summary>
    public static int PaddedRow(int width) => (width * 3 + 1 + Lanes - 1) / Lanes * Lanes;

    /// <summary>As <see cref="ScalarResize.Rows"/>.</summary>
    public static void Rows(RgbImage image, int from, int count, ResampleWeights weights, Span<byte> target, int stride)
    {
        // The kernel reads 16 bytes a group, which may go past the row's end: harmless (weight 0) but in the picture's last rows.
        int rowBytes = image.Width * 3, reach = Reach(weights);
        byte[] padded = ArrayPool<byte>.Shared.Rent(Math.Max(reach, rowBytes) * RowsAtOnce);
        try
        {
            fixed (byte* pixels = image.Pixels, copies = padded, output = target)
            {
                byte** rows = stackalloc byte*[RowsAtOnce];
                byte** outputs = stackalloc byte*[RowsAtOnce];
                for (int y = 0; y < count; y += RowsAtOnce)
                {
                    for (int i = 0; i < RowsAtOnce; i++)
                    {
                        int row = Math.Min(y + i, count - 1);   // a last, incomplete step does its last row again
                        long offset = (long)(from + row) * rowBytes;
                        rows[i] = pixels + offset;
                        outputs[i] = output + (long)row * stride;
                        if (offset + reach > image.Pixels.Length)
                        {
                            byte* copy = copies + i * Math.Max(reach, rowBytes);
                            Unsafe.CopyBlockUnaligned(copy, rows[i], (uint)rowBytes);
                            rows[i] = copy;
                        }
                    }
                    FourRows(rows, outputs, weights);
                }
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(padded);
        }
    }

    /// <summary>As <see cref="ScalarResize.Columns"/>, of <paramref name="count"/> rows whose stride is a multiple of 32.</summary>
    public static void Columns(ReadOnlySpan<byte> rows, int stride, int count, ResampleWeights weights, Span<byte> target, int rowBytes)
    {
        byte* rest = stackalloc byte[Lanes];
        fixed (byte* input = rows, output = target)
        fixed (short* halves = weights.Halves)
        {
            for (int y = 0; y < weights.First.Length; y++)
            {
                int first = weights.First[y] - weights.Begin, taps = weights.Counts[y];
                byte* from = input + (long)first * stride, to = output + (long)y * rowBytes;
                short* half = halves + (long)y * weights.Stride * (ResampleWeights.GroupHalves / ResampleWeights.Group);
                int i = 0;
                for (; i <= rowBytes - Lanes; i += Lanes)
                    Column(from + i, stride, half, taps).Store(to + i);
                if (i < rowBytes)
                {
                    Column(from + i, stride, half, taps).Store(rest);
                    Unsafe.CopyBlockUnaligned(to + i, rest, (uint)(rowBytes - i));
                }
            }
        }
    }

    private static int Reach(ResampleWeights weights)
    {
        int reach = 0;
        for (int x = 0; x < weights.First.Length; x++)
        {
            int groups = (weights.Counts[x] + ResampleWeights.Group - 1) / ResampleWeights.Group;
            reach = Math.Max(reach, (weights.First[x] + (groups - 1) * ResampleWeights.Group) * 3 + 16);
        }
        return reach;
    }

    private static void FourRows(byte** rows, byte** outputs, ResampleWeights weights)
    {
        byte* row0 = rows[0], row1 = rows[1], row2 = rows[2], row3 = rows[3];
        byte* output0 = outputs[0], output1 = outputs[1], output2 = outputs[2], output3 = outputs[3];
        int[] firsts = weights.First, counts = weights.Counts;
        fixed (short* halves = weights.Halves)
        {
            short* half = halves;
            for (int x = 0; x < firsts.Length; x++, half += weights.Stride * (ResampleWeights.GroupHalves / ResampleWeights.Group))
            {
                Vector256<int> low0 = default, low1 = default, low2 = default, low3 = default;
                Vector256<int> high0 = default, high1 = default, high2 = default, high3 = default;
                int at = firsts[x] * 3, end = at + counts[x] * 3;
                for (short* group = half; at < end; at += 3 * ResampleWeights.Group, group += ResampleWeights.GroupHalves)
                {
                    Vector256<short> low = Vector256.Load(group), high = Vector256.Load(group + 16);
                    Add(row0 + at, low, high, ref low0, ref high0);
                    Add(row1 + at, low, high, ref low1, ref high1);
                    Add(row2 + at, low, high, ref low2, ref high2);
                    Add(row3 + at, low, high, ref low3, ref high3);
                }
                Vector128<short> upper = Sse2.PackSignedSaturate(Finish(low0, high0), Finish(low1, high1));
                Vector128<short> lower = Sse2.PackSignedSaturate(Finish(low2, high2), Finish(low3, high3));
                Vector128<uint> pixels = Sse2.PackUnsignedSaturate(upper, lower).AsUInt32();
                *(uint*)(output0 + 3 * x) = pixels.ToScalar();
                *(uint*)(output1 + 3 * x) = pixels.GetElement(1);
                *(uint*)(output2 + 3 * x) = pixels.GetElement(2);
                *(uint*)(output3 + 3 * x) = pixels.GetElement(3);
            }
        }
    }

    // Four pixels: red of 0 and 1, green of 0 and 1, blue of 0 and 1, nothing; then the same of 2 and 3.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add(
        byte* pixels, Vector256<short> low, Vector256<short> high, ref Vector256<int> lowSum, ref Vector256<int> highSum)
    {
        Vector256<byte> order = Vector256.Create(
            (byte)0, 255, 3, 255, 1, 255, 4, 255, 2, 255, 5, 255, 255, 255, 255, 255,
            6, 255, 9, 255, 7, 255, 10, 255, 8, 255, 11, 255, 255, 255, 255, 255);
        Vector256<short> pairs = Avx2.Shuffle(Avx2.BroadcastVector128ToVector256(pixels), order).AsInt16();
        lowSum += Avx2.MultiplyAddAdjacent(pairs, low);
        highSum += Avx2.MultiplyAddAdjacent(pairs, high);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<int> Finish(Vector256<int> low, Vector256<int> high)
    {
        Vector256<int> sums = low + (high << ResampleWeights.LowBits);
        return (sums.GetLower() + sums.GetUpper() + Half256.GetLower()) >> ResampleWeights.Bits;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<byte> Column(byte* from, int stride, short* half, int taps)
    {
        Vector256<int> low0 = Half256, low1 = Half256, low2 = Half256, low3 = Half256;
        Vector256<int> high0 = default, high1 = default, high2 = default, high3 = default;
        for (int t = 0; t < taps; t += 2, from += 2L * stride)
        {
            // Weights of two rows, in all lanes; an odd last row stands in for the row after it, whose weight is 0.
            short* pair = half + t / 4 * ResampleWeights.GroupHalves + (t & 2) * 4;
            Vector256<short> low = Vector256.Create(*(int*)pair).AsInt16(), high = Vector256.Create(*(int*)(pair + 16)).AsInt16();
            Vector256<byte> first = Vector256.Load(from), second = t + 1 < taps ? Vector256.Load(from + stride) : first;
            Vector256<byte> lower = Avx2.UnpackLow(first, second), upper = Avx2.UnpackHigh(first, second);
            Add(Avx2.UnpackLow(lower, default).AsInt16(), low, high, ref low0, ref high0);
            Add(Avx2.UnpackHigh(lower, default).AsInt16(), low, high, ref low1, ref high1);
            Add(Avx2.UnpackLow(upper, default).AsInt16(), low, high, ref low2, ref high2);
            Add(Avx2.UnpackHigh(upper, default).AsInt16(), low, high, ref low3, ref high3);
        }
        Vector256<short> left = Avx2.PackSignedSaturate(Clip(low0, high0), Clip(low1, high1));
        Vector256<short> right = Avx2.PackSignedSaturate(Clip(low2, high2), Clip(low3, high3));
        return Avx2.PackUnsignedSaturate(left, right);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add(
        Vector256<short> pairs, Vector256<short> low, Vector256<short> high, ref Vector256<int> lowSum, ref Vector256<int> highSum)
    {
        lowSum += Avx2.MultiplyAddAdjacent(pairs, low);
        highSum += Avx2.MultiplyAddAdjacent(pairs, high);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Clip(Vector256<int> low, Vector256<int> high) =>
        (low + (high << ResampleWeights.LowBits)) >> ResampleWeights.Bits;
}
