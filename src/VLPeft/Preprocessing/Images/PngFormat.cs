namespace VLPeft.Preprocessing;

/// <summary>PNG's colour types, by their number in the file.</summary>
internal enum PngColour : byte
{
    Grey = 0,
    Rgb = 2,
    Palette = 3,
    GreyAlpha = 4,
    Rgba = 6,
}

/// <summary>What a PNG's header chunk says.</summary>
internal readonly record struct PngHeader(int Width, int Height, int Depth, PngColour Colour, bool Interlaced)
{
    public int Channels => Colour switch
    {
        PngColour.Rgb => 3,
        PngColour.GreyAlpha => 2,
        PngColour.Rgba => 4,
        _ => 1,
    };

    public bool IsKnown => Colour switch
    {
        PngColour.Grey => Depth is 1 or 2 or 4 or 8 or 16,
        PngColour.Palette => Depth is 1 or 2 or 4 or 8,
        PngColour.Rgb or PngColour.GreyAlpha or PngColour.Rgba => Depth is 8 or 16,
        _ => false,
    };

    /// <summary>Bytes between a byte and its left neighbour as filters see it.</summary>
    public int FilterDistance => Math.Max(1, Channels * Depth / 8);

    /// <summary>Bytes of a scanline of so many pixels, without its filter byte.</summary>
    public int RowBytes(int width) => (int)(((long)width * Channels * Depth + 7) / 8);
}

/// <summary>A sub-picture of an interlaced PNG: pixel (x, y) of it lies at (StartX + x·StepX, StartY + y·StepY).</summary>
internal readonly record struct PngPass(int StartX, int StartY, int StepX, int StepY, int Width, int Height);

internal static class PngPasses
{
    // Adam7: start x, start y, step x, step y.
    private static ReadOnlySpan<byte> Adam7 => [0, 0, 8, 8, 4, 0, 8, 8, 0, 4, 4, 8, 2, 0, 4, 4, 0, 2, 2, 4, 1, 0, 2, 2, 0, 1, 1, 2];

    public static PngPass[] Of(PngHeader header)
    {
        if (!header.Interlaced)
            return [new PngPass(0, 0, 1, 1, header.Width, header.Height)];
        var passes = new List<PngPass>(7);
        for (int i = 0; i < Adam7.Length; i += 4)
        {
            int x = Adam7[i], y = Adam7[i + 1], stepX = Adam7[i + 2], stepY = Adam7[i + 3];
            var pass = new PngPass(x, y, stepX, stepY, (header.Width - x + stepX - 1) / stepX, (header.Height - y + stepY - 1) / stepY);
            if (pass.Width > 0 && pass.Height > 0)
                passes.Add(pass);
        }
        return [.. passes];
    }

    /// <summary>Bytes of all scanlines with their filter bytes.</summary>
    public static long RawBytes(PngHeader header)
    {
        long bytes = 0;
        foreach (PngPass pass in Of(header))
            bytes += pass.Height * (1L + header.RowBytes(pass.Width));
        return bytes;
    }
}
