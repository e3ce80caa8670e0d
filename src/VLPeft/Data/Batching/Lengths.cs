namespace VLPeft.Data.Batching;

internal static class Lengths
{
    /// <summary>Orders examples by length, stably: by counting, since token sequences have few different lengths.</summary>
    public static void Sort(Span<int> examples, ReadOnlySpan<int> lengths)
    {
        int longest = 0;
        foreach (int example in examples)
            longest = Math.Max(longest, lengths[example]);
        int[] next = new int[longest + 2];
        foreach (int example in examples)
            next[lengths[example] + 1]++;
        for (int length = 1; length < next.Length; length++)
            next[length] += next[length - 1];
        int[] sorted = System.Buffers.ArrayPool<int>.Shared.Rent(examples.Length);
        foreach (int example in examples)
            sorted[next[lengths[example]]++] = example;
        sorted.AsSpan(0, examples.Length).CopyTo(examples);
        System.Buffers.ArrayPool<int>.Shared.Return(sorted);
    }
}
