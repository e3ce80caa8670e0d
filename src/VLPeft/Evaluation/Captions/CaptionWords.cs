namespace VLPeft.Evaluation.Captions;

/// <summary>Captions as numbers: equal words of one set have one number.</summary>
internal sealed class CaptionWords
{
    private readonly Dictionary<string, int> _numbers = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _lookup;

    public CaptionWords() => _lookup = _numbers.GetAlternateLookup<ReadOnlySpan<char>>();

    /// <summary>The words between any white space, as Python's split() makes them.</summary>
    public int[] OfWhiteSpace(string caption)
    {
        List<int> words = [];
        foreach (Range range in caption.AsSpan().SplitAny(PythonText.White(Python.Three)))
        {
            ReadOnlySpan<char> word = caption.AsSpan(range);
            if (!word.IsEmpty)
                words.Add(NumberOf(word));
        }
        return [.. words];
    }

    /// <summary>The words between single spaces, as Python's split(" ") makes them: an empty caption is one empty word.</summary>
    public int[] OfSpaces(string caption)
    {
        List<int> words = [];
        foreach (Range range in caption.AsSpan().Split(' '))
            words.Add(NumberOf(caption.AsSpan(range)));
        return [.. words];
    }

    private int NumberOf(ReadOnlySpan<char> word)
    {
        if (!_lookup.TryGetValue(word, out int number))
            _lookup[word] = number = _numbers.Count;
        return number;
    }
}

/// <summary>Captions of a set as numbered words.</summary>
internal readonly record struct NumberedExample(int[] Candidate, int[][] References)
{
    /// <param name="examples">Tokenized captions.</param>
    /// <param name="split">How one becomes words.</param>
    public static NumberedExample[] Of(IReadOnlyList<CaptionExample> examples, Func<string, int[]> split) =>
        [.. examples.Select(example => new NumberedExample(split(example.Candidate), [.. example.References.Select(split)]))];
}
