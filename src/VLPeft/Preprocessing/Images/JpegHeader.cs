using System.Buffers.Binary;

namespace VLPeft.Preprocessing;

/// <summary>A component (Y, Cb or Cr): its blocks in a unit (MCU) and the tables it is coded with.</summary>
internal sealed record JpegComponent(int Columns, int Rows, short[] Quantisation, JpegHuffman Dc, JpegHuffman Ac);

/// <summary>What stands before a JPEG's pixels, for the kinds that <see cref="BaselineJpeg"/> decodes.</summary>
internal sealed class JpegHeader
{
    private readonly short[]?[] _quantisation = new short[4][];
    private readonly JpegHuffman?[] _dc = new JpegHuffman[4], _ac = new JpegHuffman[4];
    private (byte Id, int Columns, int Rows, int Table)[] _frame = [];
    private bool _jfif, _otherColours;

    private JpegHeader()
    {
    }

    public int Width { get; private set; }

    public int Height { get; private set; }

    /// <summary>Units between restart markers; 0 for none.</summary>
    public int RestartInterval { get; private set; }

    /// <summary>Y, Cb, Cr, or only Y.</summary>
    public JpegComponent[] Components { get; private set; } = [];

    /// <summary>Where the entropy-coded data begin.</summary>
    public int ScanStart { get; private set; }

    /// <summary>The header, or null when the file is damaged or of another kind.</summary>
    public static JpegHeader? TryRead(ReadOnlySpan<byte> data)
    {
        var header = new JpegHeader();
        int at = 2;
        while (at + 4 <= data.Length && data[at] == 0xFF)
        {
            byte marker = data[at + 1];
            int length = BinaryPrimitives.ReadUInt16BigEndian(data[(at + 2)..]);
            if (length < 2 || at + 2 + length > data.Length)
                return null;
            ReadOnlySpan<byte> body = data.Slice(at + 4, length - 2);
            at += 2 + length;
            if (marker == 0xDA)
            {
                header.ScanStart = at;
                return header.ReadScan(body) ? header : null;
            }
            if (!header.ReadSegment(marker, body))
                return null;
        }
        return null;
    }

    private bool ReadSegment(byte marker, ReadOnlySpan<byte> body)
    {
        switch (marker)
        {
            case 0xC0 or 0xC1:
                return ReadFrame(body);
            case 0xC4:
                return ReadHuffman(body);
            case 0xDB:
                return ReadQuantisation(body);
            case 0xDD when body.Length == 2:
                RestartInterval = BinaryPrimitives.ReadUInt16BigEndian(body);
                return true;
            case 0xE0:
                _jfif |= body.Length >= 14 && body.StartsWith("JFIF\0"u8);
                return true;
            case 0xEE:
                // Adobe's marker names the colour space; only YCbCr (1) is ours.
                _otherColours |= body.StartsWith("Adobe"u8) && (body.Length < 12 || body[11] != 1);
                return true;
            case 0xFE or (>= 0xE1 and <= 0xEF):
                return true;
            default:
                return false;
        }
    }

    private bool ReadFrame(ReadOnlySpan<byte> body)
    {
        if (_frame.Length > 0 || body.Length < 6 || body[0] != 8 || body[5] is not (1 or 3) || body.Length != 6 + 3 * body[5])
            return false;
        Height = BinaryPrimitives.ReadUInt16BigEndian(body[1..]);
        Width = BinaryPrimitives.ReadUInt16BigEndian(body[3..]);
        _frame = new (byte, int, int, int)[body[5]];
        for (int i = 0; i < _frame.Length; i++)
        {
            ReadOnlySpan<byte> part = body.Slice(6 + 3 * i, 3);
            if (part[2] > 3)
                return false;
            _frame[i] = (part[0], part[1] >> 4, part[1] & 15, part[2]);
        }
        return Width > 0 && Height > 0 && HasKnownSampling();
    }

    private bool HasKnownSampling()
    {
        (int, int) first = (_frame[0].Columns, _frame[0].Rows);
        if (_frame.Length == 1)
            return first == (1, 1);
        // libjpeg smooths halved chroma only where it is more than two samples wide.
        return (first == (1, 1) || ((first == (2, 1) || first == (2, 2)) && Width > 4))
            && _frame[1..].All(part => (part.Columns, part.Rows) == (1, 1));
    }

    // Without a JFIF or Adobe marker libjpeg goes by the components' names.
    private bool HasKnownColours() =>
        _frame.Length == 1 || (!_otherColours && (_jfif || (_frame[0].Id, _frame[1].Id, _frame[2].Id) == (1, 2, 3)));

    private bool ReadQuantisation(ReadOnlySpan<byte> body)
    {
        for (; body.Length >= 65; body = body[65..])
        {
            if (body[0] > 3)
                return false;   // 16-bit tables, or none
            short[] table = new short[64];
            for (int i = 0; i < 64; i++)
                table[i] = body[1 + i];
            _quantisation[body[0]] = table;
        }
        return body.IsEmpty;
    }

    private bool ReadHuffman(ReadOnlySpan<byte> body)
    {
        while (body.Length >= 17)
        {
            int kind = body[0] >> 4, place = body[0] & 15, symbols = 0;
            foreach (byte count in body.Slice(1, 16))
                symbols += count;
            if (kind > 1 || place > 3 || symbols > 256 || body.Length < 17 + symbols)
                return false;
            JpegHuffman? table = JpegHuffman.TryBuild(body.Slice(1, 16), body.Slice(17, symbols), isDc: kind == 0);
            if (table is null)
                return false;
            (kind == 0 ? _dc : _ac)[place] = table;
            body = body[(17 + symbols)..];
        }
        return body.IsEmpty;
    }

    private bool ReadScan(ReadOnlySpan<byte> body)
    {
        int count = _frame.Length;
        // One scan with all components and all coefficients.
        if (count == 0 || body.Length != 4 + 2 * count || body[0] != count || !body[^3..].SequenceEqual([(byte)0, (byte)63, (byte)0])
            || !HasKnownColours())
        {
            return false;
        }
        Components = new JpegComponent[count];
        for (int i = 0; i < count; i++)
        {
            int tables = body[2 + 2 * i];
            if (body[1 + 2 * i] != _frame[i].Id || (tables >> 4) > 3 || (tables & 15) > 3
                || _quantisation[_frame[i].Table] is not { } quantisation
                || _dc[tables >> 4] is not { } dc || _ac[tables & 15] is not { } ac)
            {
                return false;
            }
            Components[i] = new JpegComponent(_frame[i].Columns, _frame[i].Rows, quantisation, dc, ac);
        }
        return true;
    }
}
