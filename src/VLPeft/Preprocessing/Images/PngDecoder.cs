using System.Buffers;
using System.Buffers.Binary;
using System.IO.Compression;
using System.IO.Hashing;

namespace VLPeft.Preprocessing;

/// <summary>
/// A PNG reader that keeps Pillow's conventions, which Skia's differ from (16-bit channels, damaged files). Chunks after the pixels are
/// not looked at, checksums of the pixel chunks are left to zlib's own, as in Pillow.
/// </summary>
internal static class PngDecoder
{
    // Deflate's best possible ratio: less data than this can't hold the picture, which saves the memory for it.
    private const long MaxCompression = 1032;

    public static ReadOnlySpan<byte> Signature => [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A];

    public static RgbImage Decode(ReadOnlySpan<byte> data, string name)
    {
        PngHeader header = ReadHeader(data, name, out ReadOnlySpan<byte> rest);
        byte[]? palette = null;
        while (true)
        {
            PngChunk chunk = PngChunk.Read(rest, name);
            if (chunk.Is("IDAT"u8))
                break;
            chunk.CheckSum(name);
            if (chunk.Is("IEND"u8))
                throw ImageError.Create(name, "a PNG picture", "a PNG file without pixels");
            if (chunk.Is("PLTE"u8) && header.Colour == PngColour.Palette)
                palette = ReadPalette(chunk.Body, name);
            rest = chunk.Rest;
        }
        if (header.Colour == PngColour.Palette && palette is null)
            throw ImageError.Create(name, "a PNG picture", "a PNG file whose palette is missing");

        byte[] compressed = ArrayPool<byte>.Shared.Rent(rest.Length);
        try
        {
            int length = JoinPixelChunks(rest, compressed);
            if (length * MaxCompression < PngPasses.RawBytes(header))
                throw Truncated(header, 0, name);
            return Inflate(header, palette, new MemoryStream(compressed, 0, length, writable: false), name);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(compressed);
        }
    }

    private static PngHeader ReadHeader(ReadOnlySpan<byte> data, string name, out ReadOnlySpan<byte> rest)
    {
        PngChunk chunk = PngChunk.Read(data[Signature.Length..], name);
        if (!chunk.Is("IHDR"u8) || chunk.Body.Length < 13)
            throw ImageError.Create(name, "a PNG picture", "a PNG file that does not start with a header chunk");
        chunk.CheckSum(name);
        rest = chunk.Rest;
        ReadOnlySpan<byte> body = chunk.Body;
        uint width = BinaryPrimitives.ReadUInt32BigEndian(body), height = BinaryPrimitives.ReadUInt32BigEndian(body[4..]);
        ImageDecoder.CheckSize(width, height, name);
        var header = new PngHeader((int)width, (int)height, body[8], (PngColour)body[9], Interlaced: body[12] != 0);
        if (!header.IsKnown || body[11] != 0)
        {
            throw ImageError.Create(name, "a PNG picture of a known kind",
                $"bit depth {body[8]}, colour type {body[9]}, filter method {body[11]}");
        }
        return header;
    }

    private static byte[] ReadPalette(ReadOnlySpan<byte> body, string name)
    {
        if (body.Length > 768 || body.Length % 3 != 0)
            throw ImageError.Create(name, "a palette of at most 256 colours of 3 bytes", $"a palette of {body.Length} bytes");
        byte[] palette = new byte[768];
        for (int i = 0; i < palette.Length; i++)
            palette[i] = (byte)(i / 3);   // an index past the palette's end is that grey, as in Pillow
        body.CopyTo(palette);
        return palette;
    }

    /// <summary>The pixel data may be cut into chunks anywhere; of a file that ends early what is there is taken.</summary>
    private static int JoinPixelChunks(ReadOnlySpan<byte> data, Span<byte> joined)
    {
        int length = 0;
        while (data.Length >= 8 && data.Slice(4, 4).SequenceEqual("IDAT"u8))
        {
            uint size = BinaryPrimitives.ReadUInt32BigEndian(data);
            data = data[8..];
            ReadOnlySpan<byte> body = data[..(int)Math.Min(size, (uint)data.Length)];
            body.CopyTo(joined[length..]);
            length += body.Length;
            data = data[Math.Min(body.Length + 4, data.Length)..];
        }
        return length;
    }

    private static RgbImage Inflate(PngHeader header, byte[]? palette, MemoryStream compressed, string name)
    {
        byte[] pixels = GC.AllocateUninitializedArray<byte>(checked(header.Width * header.Height * 3));
        using var inflated = new ZLibStream(compressed, CompressionMode.Decompress);
        // Two scanlines, each behind its filter's number: the current one and the one above, which filters refer to.
        int stride = 1 + header.RowBytes(header.Width);
        byte[] scanlines = ArrayPool<byte>.Shared.Rent(2 * stride);
        int row = 0;
        try
        {
            foreach (PngPass pass in PngPasses.Of(header))
            {
                var writer = new PngRowWriter(header, palette, pass, pixels);
                Span<byte> current = scanlines.AsSpan(0, 1 + header.RowBytes(pass.Width));
                Span<byte> above = scanlines.AsSpan(stride, current.Length);
                above.Clear();
                for (int y = 0; y < pass.Height; y++, row++)
                {
                    if (inflated.ReadAtLeast(current, current.Length, throwOnEndOfStream: false) < current.Length)
                        throw Truncated(header, row, name);
                    if (!PngFilter.Undo(current[0], current[1..], above[1..], header.FilterDistance))
                        throw ImageError.Create(name, "PNG filters from 0 to 4", $"filter {current[0]} in scanline {row}");
                    writer.Write(current[1..], y);
                    Span<byte> swap = above;
                    above = current;
                    current = swap;
                }
            }
        }
        catch (InvalidDataException e)
        {
            throw ImageError.Create(
                name, $"the pixels of a {header.Width}×{header.Height} PNG picture", $"damaged data in scanline {row}", e);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(scanlines);
        }
        return new RgbImage(header.Width, header.Height, pixels);
    }

    private static InvalidInputException Truncated(PngHeader header, int row, string name) =>
        ImageError.Create(name, $"the pixels of a {header.Width}×{header.Height} PNG picture", $"data that end in scanline {row}");

    private readonly ref struct PngChunk(ReadOnlySpan<byte> typeAndBody, uint sum, ReadOnlySpan<byte> rest)
    {
        private readonly ReadOnlySpan<byte> _typeAndBody = typeAndBody;

        public ReadOnlySpan<byte> Body => _typeAndBody[4..];

        public ReadOnlySpan<byte> Rest { get; } = rest;

        public bool Is(ReadOnlySpan<byte> type) => _typeAndBody[..4].SequenceEqual(type);

        public void CheckSum(string name)
        {
            if (Crc32.HashToUInt32(_typeAndBody) != sum)
                throw ImageError.Create(name, "a PNG picture", $"a PNG file whose {Type} chunk is damaged (wrong checksum)");
        }

        private string Type => System.Text.Encoding.Latin1.GetString(_typeAndBody[..4]);

        public static PngChunk Read(ReadOnlySpan<byte> data, string name)
        {
            if (data.Length < 8)
                throw ImageError.Create(name, "a PNG picture", "a PNG file that ends before its pixels");
            uint length = BinaryPrimitives.ReadUInt32BigEndian(data);
            if (data.Slice(4, 4).SequenceEqual("IDAT"u8))
                return new PngChunk(data.Slice(4, 4), 0, data);
            if (length > (uint)data.Length - 8 || data.Length - 8 - (int)length < 4)
                throw ImageError.Create(name, "a PNG picture", "a PNG file that ends before its pixels");
            int end = 8 + (int)length;
            return new PngChunk(data[4..end], BinaryPrimitives.ReadUInt32BigEndian(data[end..]), data[(end + 4)..]);
        }
    }
}
