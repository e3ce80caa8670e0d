using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace VLPeft.Preprocessing;

/// <summary>
/// The accurate integer inverse DCT of libjpeg (Loeffler, Ligtenberg, Moschytz 1989; 13-bit constants, 2 more bits between the passes),
/// multiplied out so that each output needs two multiply-adds of 16-bit pairs.
/// </summary>
internal static unsafe class JpegInverseDct
{
    private const int ConstantBits = 13;
    private const int PassBits = 2;

    // libjpeg's constants: round(x · 2¹³).
    private const int C0298 = 2446, C0390 = 3196, C0541 = 4433, C0765 = 6270, C0899 = 7373, C1175 = 9633;
    private const int C1501 = 12299, C1847 = 15137, C1961 = 16069, C2053 = 16819, C2562 = 20995, C3072 = 25172;

    /// <summary>A block of which only the first coefficient is not zero.</summary>
    public static void Flat(short dc, byte* target, int stride)
    {
        // The first pass is exact but for its 16 bits; the second one rounds.
        int pass = Math.Clamp(dc << PassBits, short.MinValue, short.MaxValue);
        int value = ((pass << ConstantBits) + (1 << (ConstantBits + PassBits + 2))) >> (ConstantBits + PassBits + 3);
        ulong row = (ulong)(Math.Clamp(value, -128, 127) + 128) * 0x0101010101010101;
        for (int y = 0; y < 8; y++, target += stride)
            *(ulong*)target = row;
    }

    /// <summary>Samples of a block, from its coefficients in the order of <see cref="JpegBlock"/>.</summary>
    public static void Transform(short* block, byte* target, int stride)
    {
        // Lanes are columns; each holds a pair of rows.
        Vector256<short> pair04 = Vector256.Load(block), pair15 = Vector256.Load(block + 16);
        Vector256<short> pair26 = Vector256.Load(block + 32), pair37 = Vector256.Load(block + 48);
        Pass(pair04, pair15, pair26, pair37, ConstantBits - PassBits, out var row04, out var row15, out var row26, out var row37);

        // Lanes become rows; each holds a pair of columns.
        Vector256<int> columns04 = PairColumns(row04), columns15 = PairColumns(row15);
        Vector256<int> columns26 = PairColumns(row26), columns37 = PairColumns(row37);
        Vector256<int> low01 = Avx2.UnpackLow(columns04, columns15), high01 = Avx2.UnpackHigh(columns04, columns15);
        Vector256<int> low23 = Avx2.UnpackLow(columns26, columns37), high23 = Avx2.UnpackHigh(columns26, columns37);
        pair04 = Avx2.UnpackLow(low01.AsInt64(), low23.AsInt64()).AsInt16();
        pair15 = Avx2.UnpackHigh(low01.AsInt64(), low23.AsInt64()).AsInt16();
        pair26 = Avx2.UnpackLow(high01.AsInt64(), high23.AsInt64()).AsInt16();
        pair37 = Avx2.UnpackHigh(high01.AsInt64(), high23.AsInt64()).AsInt16();
        Pass(pair04, pair15, pair26, pair37, ConstantBits + PassBits + 3, out row04, out row15, out row26, out row37);
        Store(row04, row15, row26, row37, target, stride);
    }

    // Inputs 0 … 7 in pairs; outputs 0 and 4 (and so on) of lanes 0 … 3, then of lanes 4 … 7.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Pass(
        Vector256<short> in04, Vector256<short> in15, Vector256<short> in26, Vector256<short> in37, int shift,
        out Vector256<short> out04, out Vector256<short> out15, out Vector256<short> out26, out Vector256<short> out37)
    {
        Vector256<int> half = Vector256.Create(1 << (shift - 1));
        Vector256<int> sum = Times(in04, 1 << ConstantBits, 1 << ConstantBits) + half;
        Vector256<int> difference = Times(in04, 1 << ConstantBits, -(1 << ConstantBits)) + half;
        Vector256<int> outer = Times(in26, C0541 + C0765, C0541), inner = Times(in26, C0541, C0541 - C1847);
        Vector256<int> even0 = sum + outer, even3 = sum - outer, even1 = difference + inner, even2 = difference - inner;

        Vector256<int> odd0 = Times(in15, C1501 - C0899 - C0390 + C1175, C1175 - C0390) + Times(in37, C1175, C1175 - C0899);
        Vector256<int> odd1 = Times(in15, C1175, C1175 - C2562) + Times(in37, C3072 - C2562 - C1961 + C1175, C1175 - C1961);
        Vector256<int> odd2 = Times(in15, C1175 - C0390, C2053 - C2562 - C0390 + C1175) + Times(in37, C1175 - C2562, C1175);
        Vector256<int> odd3 = Times(in15, C1175 - C0899, C1175) + Times(in37, C1175 - C1961, C0298 - C0899 - C1961 + C1175);

        out04 = Avx2.PackSignedSaturate((even0 + odd0) >> shift, (even3 - odd3) >> shift);
        out15 = Avx2.PackSignedSaturate((even1 + odd1) >> shift, (even2 - odd2) >> shift);
        out26 = Avx2.PackSignedSaturate((even2 + odd2) >> shift, (even1 - odd1) >> shift);
        out37 = Avx2.PackSignedSaturate((even3 + odd3) >> shift, (even0 - odd0) >> shift);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Times(Vector256<short> pairs, int first, int second) =>
        Avx2.MultiplyAddAdjacent(pairs, Vector256.Create((first & 0xFFFF) | (second << 16)).AsInt16());

    // From row i's columns 0-3 and row i+4's, then their columns 4-7: row i's pairs of columns 0 and 4, 1 and 5 …, then row i+4's.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> PairColumns(Vector256<short> rows)
    {
        Vector256<byte> order = Vector256.Create(
            (byte)0, 1, 8, 9, 2, 3, 10, 11, 4, 5, 12, 13, 6, 7, 14, 15, 0, 1, 8, 9, 2, 3, 10, 11, 4, 5, 12, 13, 6, 7, 14, 15);
        return Avx2.Shuffle(Avx2.Permute4x64(rows.AsInt64(), 0b11_01_10_00).AsByte(), order).AsInt32();
    }

    // Lanes are rows here, and the vectors hold columns 0 and 4, 1 and 5, 2 and 6, 3 and 7.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(
        Vector256<short> column04, Vector256<short> column15, Vector256<short> column26, Vector256<short> column37,
        byte* target, int stride)
    {
        Vector256<byte> order = Vector256.Create(
            (byte)0, 8, 4, 12, 1, 9, 5, 13, 2, 10, 6, 14, 3, 11, 7, 15, 0, 8, 4, 12, 1, 9, 5, 13, 2, 10, 6, 14, 3, 11, 7, 15);
        Vector256<byte> middle = Vector256.Create((byte)128);
        // In each half 4 rows: columns 0, 4, 1, 5 (then 2, 6, 3, 7) of row 0, of row 1 …, after the shuffle 0, 1, 4, 5 (2, 3, 6, 7).
        Vector256<short> left = Avx2.Shuffle(Avx2.PackSignedSaturate(column04, column15).AsByte() + middle, order).AsInt16();
        Vector256<short> right = Avx2.Shuffle(Avx2.PackSignedSaturate(column26, column37).AsByte() + middle, order).AsInt16();
        Vector256<long> first = Avx2.UnpackLow(left, right).AsInt64(), second = Avx2.UnpackHigh(left, right).AsInt64();
        for (int i = 0; i < 2; i++)
        {
            *(long*)(target + (long)i * stride) = first.GetElement(i);
            *(long*)(target + (long)(i + 2) * stride) = second.GetElement(i);
            *(long*)(target + (long)(i + 4) * stride) = first.GetElement(i + 2);
            *(long*)(target + (long)(i + 6) * stride) = second.GetElement(i + 2);
        }
    }
}
