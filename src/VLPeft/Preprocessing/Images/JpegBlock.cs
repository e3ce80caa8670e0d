using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace VLPeft.Preprocessing;

/// <summary>A reader of bits, the first one highest. Reading on past the end gives some bits, and <see cref="IsAtEnd"/> tells.</summary>
internal unsafe struct JpegBits(byte* start, byte* end)
{
    private readonly byte* _end = end;
    private byte* _next = start;
    private int _count;

    /// <summary>The next bits, left-aligned; at least 56 after <see cref="Fill"/>.</summary>
    public ulong Next;

    /// <summary>Whether the last byte is being read, as it must be after the last block.</summary>
    public readonly bool IsAtEnd => (_end - _next) * 8 + _count is >= 0 and < 8;

    /// <summary>Whether more bytes were read than are there, by more than the look-ahead.</summary>
    public readonly bool IsPastEnd => _next - 8 > _end;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Fill()
    {
        // All whole bytes that there is room for; the bits of a further one are or-ed in again later, unchanged.
        Next |= BinaryPrimitives.ReverseEndianness(Unsafe.ReadUnaligned<ulong>(_next)) >> _count;
        _next += (63 - _count) >> 3;
        _count |= 56;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void FillIfBelow32()
    {
        if (_count < 32)
            Fill();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Skip(int bits)
    {
        Next <<= bits;
        _count -= bits;
    }

    /// <summary>A signed number of 1 to 15 bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Signed(int size)
    {
        int value = JpegHuffman.Extend((int)(Next >> (64 - size)), size);
        Skip(size);
        return value;
    }
}

/// <summary>Reads one block of 8×8 coefficients and writes its samples.</summary>
internal static unsafe class JpegBlock
{
    /// <summary>
    /// Where the k-th coefficient in zigzag order goes: rows 0 and 4, 1 and 5, 2 and 6, 3 and 7 of the block are interleaved, pair by pair,
    /// as the inverse DCT multiplies them.
    /// </summary>
    private static readonly byte[] Place = Places();

    /// <summary>Decodes a block; false when the data are damaged.</summary>
    public static bool Decode(ref JpegBits reader, JpegComponent component, ref int dc, byte* target, int stride)
    {
        short* block = stackalloc short[64];
        Unsafe.InitBlockUnaligned(block, 0, 128);
        ref short scale = ref MemoryMarshal.GetArrayDataReference(component.Quantisation);
        ref byte place = ref MemoryMarshal.GetArrayDataReference(Place);

        JpegBits bits = reader;   // a copy that stays in registers
        bits.Fill();
        int entry = component.Dc.Look[(int)(bits.Next >> (64 - JpegHuffman.LookBits))];
        if ((entry & 255) == 0 && ((entry = component.Dc.Long((int)(bits.Next >> 48))) & 255) == 0)
            return false;
        bits.Skip(entry & 255);
        int size = (entry >> 12) & 15;
        if (size > 0)
            dc += bits.Signed(size);
        if (dc is < short.MinValue or > short.MaxValue)
            return false;
        block[0] = (short)(dc * scale);

        ref int look = ref MemoryMarshal.GetArrayDataReference(component.Ac.Look);
        int k = 1;
        while (k < 64)
        {
            bits.FillIfBelow32();
            entry = Unsafe.Add(ref look, (int)(bits.Next >> (64 - JpegHuffman.LookBits)));
            int value = entry >> 16;
            if (value == 0)
            {
                if ((entry & 255) == 0 && ((entry = component.Ac.Long((int)(bits.Next >> 48))) & 255) == 0)
                    return false;
                bits.Skip(entry & 255);
                size = (entry >> 12) & 15;
                if (size > 0)
                {
                    value = bits.Signed(size);
                }
                else
                {
                    // No value: the end of the block, or 16 zeros.
                    if (((entry >> 8) & 15) != 15)
                        break;
                    k += 16;
                    continue;
                }
            }
            else
            {
                bits.Skip(entry & 255);
            }
            k += (entry >> 8) & 15;
            if (k > 63)
                return false;
            block[Unsafe.Add(ref place, k)] = (short)(value * Unsafe.Add(ref scale, k));
            k++;
        }
        reader = bits;
        if (k > 64 || bits.IsPastEnd)
            return false;
        if (k == 1)
            JpegInverseDct.Flat(block[0], target, stride);
        else
            JpegInverseDct.Transform(block, target, stride);
        return true;
    }

    private static byte[] Places()
    {
        byte[] places = new byte[64];
        int x = 0, y = 0;
        for (int k = 0; k < 64; k++)
        {
            places[k] = (byte)(y % 4 * 16 + 2 * x + y / 4);
            // Up right on even diagonals, down left on odd ones, turning at the edges.
            bool up = (x + y) % 2 == 0;
            if (up ? x == 7 : y != 7 && x == 0)
                y++;
            else if (up ? y == 0 : y == 7)
                x++;
            else
                (x, y) = up ? (x + 1, y - 1) : (x - 1, y + 1);
        }
        return places;
    }
}
