namespace VLPeft.Evaluation.Captions;

/// <summary>One to four words in a row; those that are not there are -1.</summary>
internal readonly record struct NGram(int First, int Second, int Third, int Fourth)
{
    /// <summary>The longest that the metrics count.</summary>
    public const int Longest = 4;

    public int Length => Second < 0 ? 1 : Third < 0 ? 2 : Fourth < 0 ? 3 : 4;

    /// <summary>How often each stands in a caption, in the order of first occurrence, single words first.</summary>
    public static Dictionary<NGram, int> Count(ReadOnlySpan<int> words)
    {
        var counts = new Dictionary<NGram, int>(Longest * Math.Min(words.Length, 64));
        for (int length = 1; length <= Longest; length++)
        {
            for (int i = 0; i + length <= words.Length; i++)
            {
                NGram gram = Of(words.Slice(i, length));
                counts[gram] = counts.GetValueOrDefault(gram) + 1;
            }
        }
        return counts;
    }

    public static NGram Of(ReadOnlySpan<int> words) => new(
        words[0], words.Length > 1 ? words[1] : -1, words.Length > 2 ? words[2] : -1, words.Length > 3 ? words[3] : -1);
}
