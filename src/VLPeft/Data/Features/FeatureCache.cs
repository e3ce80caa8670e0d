namespace VLPeft.Data.Features;

/// <summary>How a <see cref="FeatureCache"/> behaves; what it holds is said by <see cref="FeatureKind"/>.</summary>
public sealed record FeatureCacheOptions
{
    /// <summary>The largest size of the data file in bytes; adding beyond it is an error. Unlimited by default.</summary>
    public long MaxBytes { get; init; } = long.MaxValue;

    /// <summary>Told once, with a message, when another process is writing to the cache and has to be waited for.</summary>
    public Action<string>? Waiting { get; init; }

    /// <summary>Under a <see cref="FeatureCache.Lease"/>, added features are made durable at most this long after they came.</summary>
    public TimeSpan CommitInterval { get; init; } = TimeSpan.FromSeconds(1);
}

/// <summary>
/// The features that a frozen encoder gave for pictures, once per picture, on disk. One folder per <see cref="FeatureKind"/>, so that
/// another encoder never meets them; within it rows in <c>features.bin</c>, found by <see cref="ImageKey"/> through <c>index.bin</c>.
/// </summary>
/// <remarks>
/// <para>Rows are read through a memory mapping shared by all processes. They are appended and never changed: first the row, flushed to
/// disk, then its index entry. A process killed at any point leaves rows without an entry, which the next writer overwrites; every row
/// carries a checksum, compared when it is first read. One process writes at a time (by a lock that dies with its holder), any number
/// read.</para>
/// <para>Safe for use by several threads.</para>
/// </remarks>
public sealed partial class FeatureCache : IDisposable
{
    private const string DataFile = "features.bin", IndexFile = "index.bin", LockFile = "lock";
    private const long LargestRow = 1L << 30;
    private readonly FeatureCacheOptions options;
    private readonly Lock sync = new();
    private readonly CacheRows rows = new();
    private CacheData? data;
    private CacheIndex? index;
    private bool disposed;

    private FeatureCache(string folder, FeatureKind kind, FeatureCacheOptions options) =>
        (Folder, Kind, this.options) = (folder, kind, options);

    /// <summary>The folder of this kind of feature, beneath the root given to <see cref="Open"/>.</summary>
    public string Folder { get; }

    /// <summary>What the cache holds.</summary>
    public FeatureKind Kind { get; }

    /// <summary>The number of pictures.</summary>
    public int Count
    {
        get { lock (sync) return rows.RowOf.Count; }
    }

    /// <summary>Opens the cache of a kind of feature; it is made when the first feature is added.</summary>
    /// <param name="root">The folder under which every kind has its own.</param>
    /// <param name="kind">What the encoder gives.</param>
    /// <param name="options">Limits and messages.</param>
    /// <exception cref="InvalidInputException">
    /// The folder holds a cache from another encoder (it was moved by hand), a damaged one, or can't be read.
    /// </exception>
    public static FeatureCache Open(string root, FeatureKind kind, FeatureCacheOptions? options = null)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(kind.BytesPerImage, LargestRow, nameof(kind));
        var cache = new FeatureCache(Path.Combine(Path.GetFullPath(root), kind.FolderName), kind, options ?? new FeatureCacheOptions());
        try
        {
            cache.Refresh();
            return cache;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            cache.Dispose();
            throw new InvalidInputException($"The feature cache '{cache.Folder}' can't be read: {e.Message}", e);
        }
        catch
        {
            cache.Dispose();
            throw;
        }
    }

    /// <summary>Takes note of what other processes have added.</summary>
    /// <exception cref="InvalidInputException">The folder holds a cache from another encoder, or a damaged one.</exception>
    public void Refresh()
    {
        lock (sync)
        {
            ObjectDisposedException.ThrowIf(disposed, this);
            // Own rows without an entry yet mean that the lock is held, and nobody else can have added any.
            if (pending.Count > 0)
                return;
            if (data is null && File.Exists(Path.Combine(Folder, DataFile)))
                Attach(CacheData.Open(Path.Combine(Folder, DataFile)));
            if (data is null)
                return;
            foreach (CacheIndex.Entry? entry in index!.Read(rows.Count, data.WholeRows))
                rows.Add(entry, trust: false);
        }
    }

    /// <summary>Whether the picture's features are there.</summary>
    public bool Contains(ImageKey key) => TryGetRow(key, out _);

    /// <summary>The row of a picture, valid as long as this object lives.</summary>
    public bool TryGetRow(ImageKey key, out int row)
    {
        lock (sync)
            return rows.RowOf.TryGetValue(key, out row);
    }

    /// <summary>Those of <paramref name="keys"/> that are not there, each once, in order.</summary>
    public IReadOnlyList<ImageKey> Missing(IEnumerable<ImageKey> keys)
    {
        lock (sync)
            return [.. keys.Distinct().Where(key => !rows.RowOf.ContainsKey(key))];
    }

    /// <summary>The rows of pictures, for <see cref="Gather"/>: resolve once, gather in every step.</summary>
    /// <exception cref="KeyNotFoundException">A picture is not there.</exception>
    public int[] Resolve(ReadOnlySpan<ImageKey> keys)
    {
        int[] found = new int[keys.Length];
        lock (sync)
        {
            for (int i = 0; i < keys.Length; i++)
            {
                if (!rows.RowOf.TryGetValue(keys[i], out found[i]))
                    throw new KeyNotFoundException($"The feature cache '{Folder}' has no features of the picture {keys[i]}.");
            }
        }
        return found;
    }

    private void Attach(CacheData opened)
    {
        if (opened.Header.Kind != Kind)
        {
            FeatureKind other = opened.Header.Kind;
            opened.Dispose();
            throw new InvalidInputException($"'{Folder}' is a cache from another encoder: fingerprint {Kind.Fingerprint} was expected, " +
                $"{other.Fingerprint} is there; they differ in {Kind.DifferencesFrom(other)}. Move it back or delete it.");
        }
        (data, index) = (opened, new CacheIndex(Path.Combine(Folder, IndexFile), opened.Header.Instance));
    }

    /// <summary>Makes added features durable and closes the files.</summary>
    /// <exception cref="IOException">Features added under a lease could not be written.</exception>
    public void Dispose()
    {
        lock (writing)
        {
            lock (sync)
            {
                if (disposed)
                    return;
                try
                {
                    Commit();
                }
                finally
                {
                    disposed = true;
                    ReleaseLock();
                    data?.Dispose();
                }
            }
        }
    }
}
