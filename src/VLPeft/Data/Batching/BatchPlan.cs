using System.Collections;

namespace VLPeft.Data.Batching;

/// <summary>
/// Which examples form which batch: a list of batches, each a list of example numbers. Any batch is found without going through those
/// before it, so that a resumed run begins in the middle at no cost.
/// </summary>
public sealed class BatchPlan : IReadOnlyList<ReadOnlyMemory<int>>
{
    private readonly int[] examples;
    private readonly int[] starts;
    private readonly int first;

    // examples: those of all batches, one after the other; starts: where each batch begins in them, and the end of the last.
    private BatchPlan(int[] examples, int[] starts, int first = 0) => (this.examples, this.starts, this.first) = (examples, starts, first);

    /// <summary>The number of batches.</summary>
    public int Count => starts.Length - 1 - first;

    /// <summary>The example numbers of a batch, in order.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such batch.</exception>
    public ReadOnlyMemory<int> this[int index]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfNegative(index);
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Count);
            int start = starts[first + index];
            return examples.AsMemory(start, starts[first + index + 1] - start);
        }
    }

    /// <summary>The plan without its first <paramref name="batches"/> batches; nothing is copied.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Negative, or more than there are.</exception>
    public BatchPlan Skip(int batches)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(batches);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(batches, Count);
        return new BatchPlan(examples, starts, first + batches);
    }

    /// <summary>All examples in their own order, for validation.</summary>
    public static BatchPlan InOrder(int exampleCount, int batchSize) => Cut([.. Enumerable.Range(0, exampleCount)], batchSize);

    /// <summary>
    /// All examples from the shortest to the longest (equal ones in their own order), for validation: least padding; results are put back
    /// by example number.
    /// </summary>
    public static BatchPlan ByLength(ReadOnlySpan<int> lengths, int batchSize)
    {
        int[] examples = [.. Enumerable.Range(0, lengths.Length)];
        Lengths.Sort(examples, lengths);
        return Cut(examples, batchSize);
    }

    /// <summary>Batches of <paramref name="batchSize"/> examples in the given order; the last one may be smaller.</summary>
    internal static BatchPlan Cut(int[] examples, int batchSize)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(batchSize, 1);
        int count = (int)(((long)examples.Length + batchSize - 1) / batchSize);
        int[] starts = new int[count + 1];
        for (int i = 0; i < count; i++)
            starts[i] = i * batchSize;
        starts[count] = examples.Length;
        return new BatchPlan(examples, starts);
    }

    /// <summary>The same batches in another order.</summary>
    internal BatchPlan Reorder(ReadOnlySpan<int> order)
    {
        int[] reordered = new int[examples.Length], newStarts = new int[order.Length + 1];
        for (int i = 0; i < order.Length; i++)
        {
            ReadOnlySpan<int> batch = this[order[i]].Span;
            batch.CopyTo(reordered.AsSpan(newStarts[i]));
            newStarts[i + 1] = newStarts[i] + batch.Length;
        }
        return new BatchPlan(reordered, newStarts);
    }

    /// <summary>The batches one after the other.</summary>
    public IEnumerator<ReadOnlyMemory<int>> GetEnumerator()
    {
        for (int i = 0; i < Count; i++)
            yield return this[i];
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
