namespace VLPeft.Data;

/// <summary>
/// A small random number generator whose sequence is fixed by this file alone (SplitMix64, Steele et al., OOPSLA 2014), so that
/// data made and orders drawn with a seed stay the same across .NET versions and machines. Its whole state is one number, which makes it
/// cheap to save and restore. Not for secrets; one instance is not to be shared between threads.
/// </summary>
/// <param name="seed">Any number; equal seeds give equal sequences.</param>
public sealed class DeterministicRandom(ulong seed)
{
    private const ulong Step = 0x9E3779B97F4A7C15;

    /// <summary>The position in the sequence; setting it back repeats what came after.</summary>
    public ulong State { get; set; } = seed;

    /// <summary>An independent sequence for a sub-task, e.g. (seed, epoch) or (seed, picture number).</summary>
    public static DeterministicRandom ForStream(ulong seed, params ReadOnlySpan<ulong> stream) => new(Mix(seed, stream));

    /// <summary>One number from several, well mixed: different inputs, their order included, give unrelated results.</summary>
    public static ulong Mix(ulong seed, params ReadOnlySpan<ulong> values)
    {
        ulong mixed = Scramble(seed + Step);
        foreach (ulong value in values)
            mixed = Scramble(mixed * Step + value + Step);
        return mixed;
    }

    /// <summary>64 random bits.</summary>
    public ulong NextUInt64() => Scramble(State += Step);

    /// <summary>A whole number in [0, <paramref name="exclusive"/>), each equally likely (Lemire's method: no modulo bias).</summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="exclusive"/> is below 1.</exception>
    public int NextInt32(int exclusive)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(exclusive, 1);
        uint range = (uint)exclusive;
        ulong product = (NextUInt64() >> 32) * range;
        if ((uint)product < range)
        {
            uint threshold = unchecked(0u - range) % range;
            while ((uint)product < threshold)
                product = (NextUInt64() >> 32) * range;
        }
        return (int)(product >> 32);
    }

    /// <summary>A whole number in [<paramref name="from"/>, <paramref name="exclusive"/>).</summary>
    /// <exception cref="ArgumentOutOfRangeException">The range is empty or wider than int.MaxValue.</exception>
    public int NextInt32(int from, int exclusive) => from + NextInt32(checked(exclusive - from));

    /// <summary>A number in [0, 1) with 53 random bits.</summary>
    public double NextDouble() => (NextUInt64() >> 11) * (1.0 / (1UL << 53));

    /// <summary>A number in [<paramref name="from"/>, <paramref name="to"/>).</summary>
    public double NextDouble(double from, double to) => from + (to - from) * NextDouble();

    /// <summary>True with the given probability.</summary>
    public bool NextBoolean(double probability = 0.5) => NextDouble() < probability;

    /// <summary>A standard normal number (Box-Muller). Its last bit may differ between platforms, as logarithms do.</summary>
    public double NextGaussian()
    {
        double radius = Math.Sqrt(-2 * Math.Log(1 - NextDouble()));
        return radius * Math.Cos(2 * Math.PI * NextDouble());
    }

    /// <summary>One of <paramref name="items"/>, every one equally likely.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no item.</exception>
    public T Choose<T>(ReadOnlySpan<T> items) => items[NextInt32(items.Length)];

    /// <summary>Puts <paramref name="items"/> into a random order (Fisher-Yates), every one equally likely.</summary>
    public void Shuffle<T>(Span<T> items)
    {
        for (int last = items.Length - 1; last > 0; last--)
        {
            int other = NextInt32(last + 1);
            (items[last], items[other]) = (items[other], items[last]);
        }
    }

    /// <summary>The numbers 0 … <paramref name="count"/> − 1 in a random order.</summary>
    public int[] Permutation(int count)
    {
        int[] order = new int[count];
        for (int i = 0; i < count; i++)
            order[i] = i;
        Shuffle<int>(order);
        return order;
    }

    private static ulong Scramble(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
