namespace VLPeft.Data.Batching;

/// <summary>How training examples are put into batches.</summary>
public sealed record SamplerOptions
{
    /// <summary>Examples in a batch, at least 1.</summary>
    public required int BatchSize { get; init; }

    /// <summary>Decides every epoch's order.</summary>
    public ulong Seed { get; init; }

    /// <summary>
    /// Put examples of like length together (the default). Without, batches are drawn from all lengths, as in a plain shuffle.
    /// </summary>
    public bool BucketByLength { get; init; } = true;

    /// <summary>
    /// Lengths are sorted within a pool of this many batches drawn at random: with more, batches are more even, with fewer, more mixed.
    /// With lengths like VQAv2's, 50 need 1.3 % padding, 10 need 5.8 %, a plain shuffle 62 %.
    /// </summary>
    public int PoolBatches { get; init; } = 50;

    /// <summary>Leave out the smaller last batch: other examples in every epoch. Without, its examples form a smaller batch.</summary>
    public bool DropLast { get; init; }
}

/// <summary>
/// Orders training examples anew in every epoch: shuffled, then batches of near-equal lengths, then those shuffled. Every example comes
/// once an epoch. The order follows from lengths, options and epoch alone, on every machine (<see cref="DeterministicRandom"/>).
/// </summary>
public sealed class LengthBucketSampler
{
    private readonly int[] lengths;
    private readonly SamplerOptions options;

    /// <param name="lengths">The length of each example in tokens; unused, and may all be equal, in a plain shuffle.</param>
    /// <param name="options">How batches are made.</param>
    /// <exception cref="ArgumentOutOfRangeException">A negative length, a batch size or pool below 1.</exception>
    public LengthBucketSampler(ReadOnlySpan<int> lengths, SamplerOptions options)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.BatchSize, 1, nameof(options));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.PoolBatches, 1, nameof(options));
        foreach (int length in lengths)
            ArgumentOutOfRangeException.ThrowIfNegative(length, nameof(lengths));
        (this.lengths, this.options) = (lengths.ToArray(), options);
    }

    /// <summary>Batches in every epoch.</summary>
    public int BatchesPerEpoch => (int)((lengths.Length + (options.DropLast ? 0L : options.BatchSize - 1)) / options.BatchSize);

    /// <summary>The batches of an epoch.</summary>
    /// <param name="epoch">From 0.</param>
    public BatchPlan Epoch(int epoch)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(epoch);
        DeterministicRandom random = DeterministicRandom.ForStream(options.Seed, (ulong)epoch);
        int[] examples = random.Permutation(lengths.Length);
        if (options.DropLast)
            Array.Resize(ref examples, examples.Length - examples.Length % options.BatchSize);
        if (!options.BucketByLength)
            return BatchPlan.Cut(examples, options.BatchSize);
        int pool = (int)Math.Min((long)options.BatchSize * options.PoolBatches, Math.Max(examples.Length, 1));
        for (int start = 0; start < examples.Length; start += pool)
            Lengths.Sort(examples.AsSpan(start, Math.Min(pool, examples.Length - start)), lengths);
        BatchPlan sorted = BatchPlan.Cut(examples, options.BatchSize);
        return sorted.Reorder(random.Permutation(sorted.Count));
    }
}
