namespace VLPeft.Preprocessing;

/// <summary>Turns the scanlines of one pass into RGB, by Pillow's rules for each kind of PNG.</summary>
internal readonly ref struct PngRowWriter(PngHeader header, byte[]? palette, PngPass pass, Span<byte> pixels)
{
    private readonly Span<byte> _pixels = pixels;

    /// <summary>Writes the unfiltered scanline <paramref name="y"/> of the pass to its place in the picture.</summary>
    public void Write(ReadOnlySpan<byte> row, int y)
    {
        long start = ((long)(pass.StartY + y * pass.StepY) * header.Width + pass.StartX) * 3;
        Span<byte> target = _pixels[(int)start..];
        if (header is { Colour: PngColour.Rgb, Depth: 8 } && pass.StepX == 1)
            row.CopyTo(target);
        else if (header.Depth < 8)
            WritePacked(row, target);
        else if (header.Colour is PngColour.Rgb or PngColour.Rgba)
            WriteColour(row, target);
        else
            WriteSingle(row, target);
    }

    // 8 or 16 bits: the high byte of each channel, alpha left out.
    private void WriteColour(ReadOnlySpan<byte> row, Span<byte> target)
    {
        int channel = header.Depth / 8, pixel = channel * header.Channels, step = 3 * pass.StepX;
        for (int x = 0, from = 0, to = 0; x < pass.Width; x++, from += pixel, to += step)
        {
            target[to + 2] = row[from + 2 * channel];
            target[to + 1] = row[from + channel];
            target[to] = row[from];
        }
    }

    private void WriteSingle(ReadOnlySpan<byte> row, Span<byte> target)
    {
        bool clip = header is { Colour: PngColour.Grey, Depth: 16 };
        int pixel = header.Depth / 8 * header.Channels, step = 3 * pass.StepX;
        for (int x = 0, from = 0, to = 0; x < pass.Width; x++, from += pixel, to += step)
        {
            // Pillow reads 16-bit grey as integers and clips them; it does not scale them down.
            int value = !clip ? row[from] : row[from] != 0 ? 255 : row[from + 1];
            Put(target, to, value);
        }
    }

    private void WritePacked(ReadOnlySpan<byte> row, Span<byte> target)
    {
        int depth = header.Depth, mask = (1 << depth) - 1, scale = palette is null ? 255 / mask : 1, step = 3 * pass.StepX;
        for (int x = 0, to = 0; x < pass.Width; x++, to += step)
        {
            int bit = x * depth;
            Put(target, to, (row[bit >> 3] >> (8 - depth - (bit & 7)) & mask) * scale);
        }
    }

    private void Put(Span<byte> target, int to, int value)
    {
        if (palette is null)
        {
            target[to] = target[to + 1] = target[to + 2] = (byte)value;
            return;
        }
        palette.AsSpan(3 * value, 3).CopyTo(target.Slice(to, 3));
    }
}
