namespace VLPeft.Data.Scenes;

/// <summary>
/// SplitMix64 (Steele, Lea and Flood, 2014): the same numbers from the same seed on every machine and in every version of .NET, which
/// <see cref="Random"/> doesn't promise. Only integer arithmetic and exactly rounded divisions by powers of two.
/// </summary>
public sealed class SceneRandom
{
    private const ulong Increment = 0x9E3779B97F4A7C15;
    private ulong _state;

    /// <summary>The stream that belongs to a seed and a stream number; other numbers give unrelated streams.</summary>
    public SceneRandom(ulong seed, ulong stream = 0) => _state = Mix(Mix(seed + Increment) + stream);

    /// <summary>SplitMix64's output function: a bijection of 64 bits whose results look random.</summary>
    public static ulong Mix(ulong value)
    {
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }

    /// <summary>The next 64 random bits.</summary>
    public ulong NextBits() => Mix(_state += Increment);

    /// <summary>A number from 0 to <paramref name="end"/> - 1.</summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="end"/> is not positive.</exception>
    public int Next(int end)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(end);
        return (int)Math.BigMul(NextBits(), (ulong)end, out _);
    }

    /// <summary>True or false with equal probability.</summary>
    public bool NextBool() => (NextBits() >> 63) != 0;

    /// <summary>A number in [0, 1), a multiple of 2⁻⁵³.</summary>
    public double NextDouble() => (NextBits() >> 11) * (1.0 / (1UL << 53));

    /// <summary>One of the choices.</summary>
    public T Pick<T>(IReadOnlyList<T> choices)
    {
        ArgumentNullException.ThrowIfNull(choices);
        return choices[Next(choices.Count)];
    }

    /// <summary>An index into the weights, with a probability proportional to its weight.</summary>
    /// <param name="weights">None is negative and one is positive.</param>
    public int PickWeighted(ReadOnlySpan<int> weights)
    {
        int total = 0;
        foreach (int weight in weights)
            total += weight;
        int left = Next(total);
        int index = 0;
        while (left >= weights[index])
            left -= weights[index++];
        return index;
    }

    /// <summary>Puts the items into random order, in place.</summary>
    public void Shuffle<T>(Span<T> items)
    {
        for (int last = items.Length - 1; last > 0; last--)
        {
            int other = Next(last + 1);
            (items[last], items[other]) = (items[other], items[last]);
        }
    }
}
