namespace VLPeft.Preprocessing;

/// <summary>A Huffman table, as a look-up by the next bits.</summary>
/// <remarks>
/// An entry is value · 2¹⁶ + size · 2¹² + run · 2⁸ + bits. Where a code and the bits of its value fit the look-up together, value is the
/// coefficient, size is 0 and bits counts both; otherwise bits counts the code alone and size the bits of the value that follow.
/// Bits 0 marks codes that are longer than the look-up.
/// </remarks>
internal sealed class JpegHuffman
{
    public const int LookBits = 10;

    private readonly int[] _limit = new int[18];   // by length: the first 16-bit pattern past the codes of this length
    private readonly int[] _offset = new int[17];
    private readonly byte[] _symbols;

    private JpegHuffman(byte[] symbols) => _symbols = symbols;

    public int[] Look { get; } = new int[1 << LookBits];

    /// <summary>The table, or null when its codes don't fit 16 bits or a DC size is out of range.</summary>
    public static JpegHuffman? TryBuild(ReadOnlySpan<byte> counts, ReadOnlySpan<byte> symbols, bool isDc)
    {
        foreach (byte symbol in symbols)
        {
            if (isDc && symbol > 11)
                return null;
        }
        var table = new JpegHuffman(symbols.ToArray());
        int code = 0, at = 0;
        for (int length = 1; length <= 16; length++)
        {
            table._offset[length] = at - code;
            for (int i = 0; i < counts[length - 1]; i++, code++, at++)
            {
                if (length <= LookBits)
                    table.Fill(code, length, symbols[at], isDc);
            }
            // The all-ones code is not used, so that padding is never a code.
            if (code > (1 << length) - 1)
                return null;
            table._limit[length] = code << (16 - length);
            code <<= 1;
        }
        table._limit[17] = int.MaxValue;
        return table;
    }

    /// <summary>The entry of a code longer than the look-up, given the next 16 bits; bits 0 when there is no such code.</summary>
    public int Long(int next)
    {
        int length = LookBits + 1;
        while (next >= _limit[length])
            length++;
        return length > 16 ? 0 : Entry(_symbols[(next >> (16 - length)) + _offset[length]], length);
    }

    private static int Entry(byte symbol, int length) => (symbol & 15) << 12 | (symbol >> 4) << 8 | length;

    private void Fill(int code, int length, byte symbol, bool isDc)
    {
        int free = LookBits - length, size = symbol & 15, first = code << free;
        for (int i = 0; i < 1 << free; i++)
        {
            if (isDc || size == 0 || size > free)
                Look[first + i] = Entry(symbol, length);
            else
                Look[first + i] = Extend(i >> (free - size), size) << 16 | (symbol >> 4) << 8 | (length + size);
        }
    }

    /// <summary>The signed number that <paramref name="size"/> bits stand for: those that start with 0 are negative.</summary>
    public static int Extend(int bits, int size) => bits + (((bits - (1 << (size - 1))) >> 31) & (1 - (1 << size)));
}
