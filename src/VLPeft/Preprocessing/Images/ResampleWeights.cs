using System.Collections.Concurrent;

namespace VLPeft.Preprocessing;

/// <summary>
/// The weights of a resize along one axis, for a window of the output: output i is the sum over t &lt; Counts[i] of input pixel
/// First[i] + t times Fixed[i · Stride + t], in units of 2⁻²², as Pillow computes them.
/// </summary>
internal sealed class ResampleWeights
{
    /// <summary>Fraction bits of a weight: 32 less 8 of the pixel less 2 for overshoot (Pillow's PRECISION_BITS).</summary>
    public const int Bits = 22;

    /// <summary>A weight is also kept as high·2¹⁵ + low, halves that fit 16-bit multiplication.</summary>
    public const int LowBits = 15;

    /// <summary>Weights in a vector kernel's step.</summary>
    public const int Group = 4;

    /// <summary>16-bit numbers of a group in <see cref="Halves"/>.</summary>
    public const int GroupHalves = 32;

    private const int CachedSizes = 128;
    private const int CachedWeights = 1 << 13;
    private static readonly ConcurrentDictionary<Key, ResampleWeights> Cache = new();

    private ResampleWeights(Key key)
    {
        double scale = (double)key.Input / key.Output, filterScale = Math.Max(scale, 1), support = key.Filter.Support() * filterScale;
        First = new int[key.Count];
        Counts = new int[key.Count];
        for (int i = 0; i < key.Count; i++)
        {
            double centre = (key.Start + i + 0.5) * scale;
            First[i] = Math.Max((int)(centre - support + 0.5), 0);
            Counts[i] = Math.Min((int)(centre + support + 0.5), key.Input) - First[i];
        }
        Stride = (Counts.Max() + Group - 1) / Group * Group;
        Fixed = new int[checked(key.Count * Stride)];
        double[] exact = new double[Stride];
        for (int i = 0; i < key.Count; i++)
        {
            double centre = (key.Start + i + 0.5) * scale, inverse = 1 / filterScale, sum = 0;
            for (int t = 0; t < Counts[i]; t++)
                sum += exact[t] = key.Filter.Weight((t + First[i] - centre + 0.5) * inverse);
            for (int t = 0; t < Counts[i]; t++)
                Fixed[i * Stride + t] = Round(sum != 0 ? exact[t] / sum : exact[t]);
        }
        Halves = Split(Fixed);
        IsIdentity = key.Input == key.Output;
    }

    /// <summary>The first input pixel of each output.</summary>
    public int[] First { get; }

    /// <summary>The number of input pixels of each output.</summary>
    public int[] Counts { get; }

    /// <summary>From one output's weights to the next's, a multiple of <see cref="Group"/>.</summary>
    public int Stride { get; }

    /// <summary>All weights, output by output, filled up with zeros.</summary>
    public int[] Fixed { get; }

    /// <summary>
    /// The weights once more, laid out for the vector kernels. A group a, b, c, d is: low halves of a, b four times, of c, d four times,
    /// then high halves in the same order.
    /// </summary>
    public short[] Halves { get; }

    /// <summary>Whether each output is its input pixel.</summary>
    public bool IsIdentity { get; }

    /// <summary>The first input pixel that any output needs.</summary>
    public int Begin => First[0];

    /// <summary>One past the last input pixel that any output needs.</summary>
    public int End => First[^1] + Counts[^1];

    /// <summary>Weights of <paramref name="count"/> outputs from <paramref name="start"/> on; those used lately are kept.</summary>
    public static ResampleWeights Of(int input, int output, int start, int count, ResampleFilter filter)
    {
        var key = new Key(input, output, start, count, filter);
        if (Cache.TryGetValue(key, out ResampleWeights? weights))
            return weights;
        weights = new ResampleWeights(key);
        if (weights.Fixed.Length <= CachedWeights)
        {
            if (Cache.Count >= CachedSizes)
                Cache.Clear();
            Cache[key] = weights;
        }
        return weights;
    }

    private static int Round(double weight) => (int)(weight * (1 << Bits) + (weight < 0 ? -0.5 : 0.5));

    private static short[] Split(int[] weights)
    {
        short[] halves = new short[checked(weights.Length / Group * GroupHalves)];
        for (int i = 0; i < weights.Length; i++)
        {
            int at = i / Group * GroupHalves + i % Group / 2 * 8 + i % 2;
            for (int copy = 0; copy < 8; copy += 2)
            {
                halves[at + copy] = (short)(weights[i] & ((1 << LowBits) - 1));
                halves[at + copy + GroupHalves / 2] = (short)(weights[i] >> LowBits);
            }
        }
        return halves;
    }

    private readonly record struct Key(int Input, int Output, int Start, int Count, ResampleFilter Filter);
}
