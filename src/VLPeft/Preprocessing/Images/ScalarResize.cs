namespace VLPeft.Preprocessing;

/// <summary>The two passes of <see cref="PillowResize"/> in plain C#: what <see cref="VectorResize"/> must equal.</summary>
internal static class ScalarResize
{
    private const int Half = 1 << (ResampleWeights.Bits - 1);

    /// <summary>Resizes rows <paramref name="from"/> … of the picture along x into rows of <paramref name="stride"/> bytes.</summary>
    public static void Rows(RgbImage image, int from, int count, ResampleWeights weights, Span<byte> target, int stride)
    {
        for (int y = 0; y < count; y++)
        {
            ReadOnlySpan<byte> row = image.Pixels.AsSpan((from + y) * image.Width * 3, image.Width * 3);
            Span<byte> output = target.Slice(y * stride, weights.First.Length * 3);
            for (int x = 0; x < weights.First.Length; x++)
            {
                int red = Half, green = Half, blue = Half, at = weights.First[x] * 3;
                foreach (int weight in weights.Fixed.AsSpan(x * weights.Stride, weights.Counts[x]))
                {
                    red += row[at] * weight;
                    green += row[at + 1] * weight;
                    blue += row[at + 2] * weight;
                    at += 3;
                }
                output[3 * x] = Clip(red);
                output[3 * x + 1] = Clip(green);
                output[3 * x + 2] = Clip(blue);
            }
        }
    }

    /// <summary>Resizes rows of <paramref name="stride"/> bytes along y; their first is the weights' first input.</summary>
    public static void Columns(ReadOnlySpan<byte> rows, int stride, ResampleWeights weights, Span<byte> target, int rowBytes)
    {
        for (int y = 0; y < weights.First.Length; y++)
        {
            ReadOnlySpan<byte> first = rows[((weights.First[y] - weights.Begin) * stride)..];
            ReadOnlySpan<int> taps = weights.Fixed.AsSpan(y * weights.Stride, weights.Counts[y]);
            Span<byte> output = target.Slice(y * rowBytes, rowBytes);
            for (int i = 0; i < rowBytes; i++)
            {
                int sum = Half;
                for (int t = 0; t < taps.Length; t++)
                    sum += first[t * stride + i] * taps[t];
                output[i] = Clip(sum);
            }
        }
    }

    private static byte Clip(int sum) => (byte)Math.Clamp(sum >> ResampleWeights.Bits, 0, 255);
}
