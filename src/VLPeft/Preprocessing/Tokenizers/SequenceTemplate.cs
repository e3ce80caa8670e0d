namespace VLPeft.Preprocessing;

/// <summary>The special tokens around one text and around a pair, and the cutting that makes room for them.</summary>
internal sealed record SequenceTemplate(int[] Before, int[] After, int[] PairBefore, int[] PairBetween, int[] PairAfter)
{
    /// <summary>No special tokens: GPT-2.</summary>
    public static SequenceTemplate Bare { get; } = new([], [], [], [], []);

    /// <summary><c>first A last</c> and <c>first A last [last] B last</c>: BERT has one separator between the texts, RoBERTa two.</summary>
    public static SequenceTemplate Around(int first, int last, bool doubleSeparator) =>
        new([first], [last], [first], doubleSeparator ? [last, last] : [last], [last]);

    public int[] Single(List<int> text, int maxLength)
    {
        int room = Room(maxLength, Before.Length + After.Length);
        ReadOnlySpan<int> ids = Span(text)[..Math.Min(text.Count, room)];
        return [.. Before, .. ids, .. After];
    }

    public int[] Pair(List<int> first, List<int> second, int maxLength)
    {
        int room = Room(maxLength, PairBefore.Length + PairBetween.Length + PairAfter.Length);
        (int a, int b) = LongestFirst(first.Count, second.Count, room);
        return [.. PairBefore, .. Span(first)[..a], .. PairBetween, .. Span(second)[..b], .. PairAfter];
    }

    /// <summary>How much of two texts is kept: the longer one is cut until both are equal, then both are.</summary>
    private static (int First, int Second) LongestFirst(int first, int second, int room)
    {
        if ((long)first + second <= room)
            return (first, second);
        int shorter = Math.Min(first, second);
        int longer = shorter > room ? shorter : Math.Max(shorter, room - shorter);
        if ((long)shorter + longer > room)
            (shorter, longer) = (room / 2, (room / 2) + (room % 2));
        // Of two equally long texts the second counts as the longer one and gets the odd place.
        return first <= second ? (shorter, longer) : (longer, shorter);
    }

    private static int Room(int maxLength, int specials)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxLength, specials);
        return maxLength - specials;
    }

    private static ReadOnlySpan<int> Span(List<int> ids) => System.Runtime.InteropServices.CollectionsMarshal.AsSpan(ids);
}
