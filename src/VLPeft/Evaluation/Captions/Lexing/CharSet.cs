namespace VLPeft.Evaluation.Captions.Lexing;

/// <summary>A set of UTF-16 code units, and the pattern that matches one of them.</summary>
internal sealed class CharSet : Pattern
{
    private const int Units = char.MaxValue + 1;

    private readonly ulong[] _bits = new ulong[Units / 64];

    private CharSet() { }

    /// <summary>The characters of a text, and whole ranges written as (first, last).</summary>
    public static CharSet Of(string characters, params ReadOnlySpan<(char First, char Last)> ranges)
    {
        var set = new CharSet();
        foreach (char c in characters)
            set.Add(c);
        foreach ((char first, char last) in ranges)
        {
            for (int c = first; c <= last; c++)
                set.Add((char)c);
        }
        return set;
    }

    public static CharSet Where(Func<char, bool> holds)
    {
        var set = new CharSet();
        for (int c = 0; c < Units; c++)
        {
            if (holds((char)c))
                set.Add((char)c);
        }
        return set;
    }

    /// <summary>All characters but these.</summary>
    public static CharSet Except(CharSet excluded)
    {
        var set = new CharSet();
        for (int i = 0; i < set._bits.Length; i++)
            set._bits[i] = ~excluded._bits[i];
        return set;
    }

    public static CharSet Except(string characters) => Except(Of(characters));

    public static CharSet EitherCase(char c) =>
        char.IsAsciiLetter(c) ? Of([char.ToLowerInvariant(c), char.ToUpperInvariant(c)]) : Of([c]);

    public static CharSet operator |(CharSet one, CharSet other)
    {
        var set = new CharSet();
        for (int i = 0; i < set._bits.Length; i++)
            set._bits[i] = one._bits[i] | other._bits[i];
        return set;
    }

    public bool Contains(char c) => (_bits[c >> 6] >> (c & 63) & 1) != 0;

    private static CharSet Of(ReadOnlySpan<char> characters)
    {
        var set = new CharSet();
        foreach (char c in characters)
            set.Add(c);
        return set;
    }

    private void Add(char c) => _bits[c >> 6] |= 1UL << (c & 63);
}
