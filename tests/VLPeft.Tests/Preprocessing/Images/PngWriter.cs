using System.Buffers.Binary;
using System.IO.Compression;
using System.IO.Hashing;

namespace VLPeft.Tests.Preprocessing.Images;

/// <summary>Writes PNG files of every kind from channel samples: any depth, filters in turn, interlaced or not, data in pieces.</summary>
internal sealed class PngWriter(int width, int height, int depth, int colour)
{
    public static ReadOnlySpan<byte> Signature => [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A];

    public int Channels { get; } = colour switch { 2 => 3, 4 => 2, 6 => 4, _ => 1 };

    public bool Interlaced { get; init; }

    public int Filter { get; init; } = -1;

    public int Pieces { get; init; } = 1;

    public byte[]? Palette { get; init; }

    /// <summary>The sample of a channel at a pixel, 0 … 2^depth − 1.</summary>
    public required Func<int, int, int, int> Sample { get; init; }

    public byte[] Write(params (string Type, byte[] Body)[] extra)
    {
        var chunks = new List<byte[]> { Signature.ToArray(), Chunk("IHDR", Header()) };
        if (Palette is not null)
            chunks.Add(Chunk("PLTE", Palette));
        foreach ((string type, byte[] body) in extra)
            chunks.Add(Chunk(type, body));
        byte[] data = Deflate(Scanlines());
        for (int i = 0; i < Pieces; i++)
            chunks.Add(Chunk("IDAT", data[(data.Length * i / Pieces)..(data.Length * (i + 1) / Pieces)]));
        chunks.Add(Chunk("IEND", []));
        return [.. chunks.SelectMany(chunk => chunk)];
    }

    public static byte[] Chunk(string type, byte[] body)
    {
        byte[] chunk = new byte[body.Length + 12];
        BinaryPrimitives.WriteInt32BigEndian(chunk, body.Length);
        for (int i = 0; i < 4; i++)
            chunk[4 + i] = (byte)type[i];
        body.CopyTo(chunk, 8);
        BinaryPrimitives.WriteUInt32BigEndian(chunk.AsSpan(body.Length + 8), Crc32.HashToUInt32(chunk.AsSpan(4, body.Length + 4)));
        return chunk;
    }

    public byte[] Header()
    {
        byte[] header = new byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, width);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), height);
        header[8] = (byte)depth;
        header[9] = (byte)colour;
        header[12] = (byte)(Interlaced ? 1 : 0);
        return header;
    }

    public byte[] Scanlines()
    {
        var lines = new List<byte>();
        (int X, int Y, int StepX, int StepY)[] passes = Interlaced
            ? [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
            : [(0, 0, 1, 1)];
        foreach (var pass in passes)
        {
            int[] columns = [.. Steps(pass.X, pass.StepX, width)];
            byte[] above = new byte[(columns.Length * Channels * depth + 7) / 8];
            foreach (int y in columns.Length == 0 ? [] : Steps(pass.Y, pass.StepY, height))
            {
                byte[] row = Pack(columns, y, above.Length);
                int filter = Filter >= 0 ? Filter : y % 5;
                lines.Add((byte)filter);
                lines.AddRange(Filtered(filter, row, above));
                above = row;
            }
        }
        return [.. lines];
    }

    public static byte[] Deflate(byte[] data)
    {
        using var stream = new MemoryStream();
        using (var zlib = new ZLibStream(stream, CompressionLevel.Fastest))
            zlib.Write(data);
        return stream.ToArray();
    }

    private static IEnumerable<int> Steps(int from, int step, int to)
    {
        for (int at = from; at < to; at += step)
            yield return at;
    }

    private byte[] Pack(int[] columns, int y, int length)
    {
        byte[] row = new byte[length];
        int bit = 0;
        foreach (int x in columns)
        {
            for (int channel = 0; channel < Channels; channel++, bit += depth)
            {
                int sample = Sample(x, y, channel);
                if (depth == 16)
                    BinaryPrimitives.WriteUInt16BigEndian(row.AsSpan(bit / 8), (ushort)sample);
                else
                    row[bit / 8] |= (byte)(sample << (8 - depth - bit % 8));
            }
        }
        return row;
    }

    private byte[] Filtered(int filter, byte[] row, byte[] above)
    {
        int distance = Math.Max(1, Channels * depth / 8);
        return [.. row.Select((value, i) =>
        {
            int left = i < distance ? 0 : row[i - distance], up = above[i], corner = i < distance ? 0 : above[i - distance];
            return (byte)(value - filter switch { 0 => 0, 1 => left, 2 => up, 3 => (left + up) / 2, 4 => Paeth(left, up, corner), _ => 0 });
        })];
    }

    private static int Paeth(int left, int up, int corner)
    {
        int guess = left + up - corner;
        return new[] { left, up, corner }.MinBy(value => Math.Abs(guess - value));
    }
}
