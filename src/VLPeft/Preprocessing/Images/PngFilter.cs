using System.Numerics;
using System.Runtime.InteropServices;

namespace VLPeft.Preprocessing;

/// <summary>PNG's five scanline filters, undone in place (PNG specification, section 9).</summary>
internal static class PngFilter
{
    /// <summary>Undoes one filter; false when its number is unknown.</summary>
    /// <param name="filter">0 none, 1 sub, 2 up, 3 average, 4 Paeth.</param>
    /// <param name="row">The filtered scanline, replaced.</param>
    /// <param name="above">The scanline above, as long; zeros for the first.</param>
    /// <param name="distance">Bytes from a byte to its left neighbour.</param>
    public static bool Undo(int filter, Span<byte> row, ReadOnlySpan<byte> above, int distance)
    {
        switch (filter)
        {
            case 0:
                return true;
            case 1:
                for (int i = distance; i < row.Length; i++)
                    row[i] += row[i - distance];
                return true;
            case 2:
                Up(row, above);
                return true;
            case 3:
                Average(row, above[..row.Length], distance);
                return true;
            case 4:
                Paeth(row, above[..row.Length], distance);
                return true;
            default:
                return false;
        }
    }

    private static void Up(Span<byte> row, ReadOnlySpan<byte> above)
    {
        Span<Vector<byte>> rows = MemoryMarshal.Cast<byte, Vector<byte>>(row);
        ReadOnlySpan<Vector<byte>> aboves = MemoryMarshal.Cast<byte, Vector<byte>>(above);
        for (int i = 0; i < rows.Length; i++)
            rows[i] += aboves[i];
        for (int i = rows.Length * Vector<byte>.Count; i < row.Length; i++)
            row[i] += above[i];
    }

    private static void Average(Span<byte> row, ReadOnlySpan<byte> above, int distance)
    {
        int first = Math.Min(distance, row.Length);
        for (int i = 0; i < first; i++)
            row[i] += (byte)(above[i] >> 1);
        for (int i = first; i < row.Length; i++)
            row[i] += (byte)((row[i - distance] + above[i]) >> 1);
    }

    private static void Paeth(Span<byte> row, ReadOnlySpan<byte> above, int distance)
    {
        int first = Math.Min(distance, row.Length);
        for (int i = 0; i < first; i++)
            row[i] += above[i];
        for (int i = first; i < row.Length; i++)
        {
            int left = row[i - distance], up = above[i], corner = above[i - distance];
            int toLeft = Math.Abs(up - corner), toUp = Math.Abs(left - corner), toCorner = Math.Abs(left + up - 2 * corner);
            int nearest = toLeft <= toUp && toLeft <= toCorner ? left : toUp <= toCorner ? up : corner;
            row[i] += (byte)nearest;
        }
    }
}
