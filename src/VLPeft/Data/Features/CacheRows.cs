namespace VLPeft.Data.Features;

/// <summary>What is known of a cache's rows: the picture of each, its checksum, and whether that was compared already.</summary>
internal sealed class CacheRows
{
    private readonly Dictionary<ImageKey, int> rowOf = [];
    private ulong[] checksums = [];
    private bool[] trusted = [];

    /// <summary>The number of rows, holes included.</summary>
    public int Count { get; private set; }

    public IReadOnlyDictionary<ImageKey, int> RowOf => rowOf;

    /// <summary>Adds the next row; null leaves a hole. A picture added again (after damage) is found at its last row.</summary>
    public void Add(CacheIndex.Entry? entry, bool trust)
    {
        if (Count == checksums.Length)
        {
            Array.Resize(ref checksums, Math.Max(64, Count * 2));
            Array.Resize(ref trusted, checksums.Length);
        }
        if (entry is { } known)
            rowOf[known.Key] = Count;
        checksums[Count] = entry?.RowChecksum ?? 0;
        trusted[Count] = trust;
        Count++;
    }

    public ulong Checksum(int row) => checksums[row];

    public bool IsTrusted(int row) => trusted[row];

    public void Trust(int row) => trusted[row] = true;

    public void Forget(ImageKey key) => rowOf.Remove(key);

    /// <summary>Takes back the rows from <paramref name="count"/> on.</summary>
    public void Truncate(int count)
    {
        foreach (ImageKey key in rowOf.Where(pair => pair.Value >= count).Select(pair => pair.Key).ToArray())
            rowOf.Remove(key);
        Count = count;
    }
}
