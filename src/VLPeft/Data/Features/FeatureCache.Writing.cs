using System.Diagnostics;
using System.IO.Hashing;
using TorchSharp;
using static TorchSharp.torch;

namespace VLPeft.Data.Features;

public sealed partial class FeatureCache
{
    // Taken before `sync`, and held while waiting for other processes, when readers must go on.
    private readonly Lock writing = new();
    private readonly List<CacheIndex.Entry> pending = [];
    private FileLock? fileLock;
    private int leases;
    private long lastCommit;

    /// <summary>
    /// Keeps other processes from writing until it is disposed. Take it around a longer build: a second process then waits and finds the
    /// features there, instead of computing them too. What others added before is known when this returns.
    /// </summary>
    /// <exception cref="OperationCanceledException">Cancelled while waiting.</exception>
    /// <exception cref="InvalidInputException">The folder can't be written, or holds a cache from another encoder.</exception>
    public IDisposable Lease(CancellationToken cancellation = default)
    {
        lock (writing)
        {
            ObjectDisposedException.ThrowIf(disposed, this);
            if (leases == 0)
                TakeLock(cancellation);
            leases++;
            return new LeaseHandle(this);
        }
    }

    /// <summary>Adds the features of pictures; those already there are left as they are.</summary>
    /// <param name="keys">n pictures; one may occur twice.</param>
    /// <param name="features">(n, V, d), or (n, d) when V = 1; any floating-point type, any device.</param>
    /// <exception cref="ArgumentException">The shape is another one.</exception>
    /// <exception cref="InvalidInputException">
    /// A number is NaN, infinite or too large for the storage format, or the cache would outgrow its limit. The cache is whole.
    /// </exception>
    /// <exception cref="IOException">The disk is full, or can't be written. The cache is whole and keeps what was added before.</exception>
    public void Add(ReadOnlySpan<ImageKey> keys, Tensor features)
    {
        if (!features.shape.AsSpan().SequenceEqual([keys.Length, Kind.Tokens, Kind.Width])
            && !(Kind.Tokens == 1 && features.shape.AsSpan().SequenceEqual([keys.Length, Kind.Width])))
        {
            throw new ArgumentException($"Features of shape ({string.Join(", ", features.shape)}) came for {keys.Length} pictures, " +
                $"({keys.Length}, {Kind.Tokens}, {Kind.Width}) was expected.", nameof(features));
        }
        using var scope = NewDisposeScope();
        Tensor stored = features.detach().cpu().to(Kind.Storage.TorchType()).view(keys.Length, Kind.Tokens, Kind.Width).contiguous();
        if (!stored.isfinite().all().ToBoolean())
            throw NotFinite(keys, stored);
        using IDisposable lease = Lease();
        lock (sync)
        {
            Append(keys, stored);
            if (leases == 1 || Stopwatch.GetElapsedTime(lastCommit) > options.CommitInterval)
                Commit();
        }
    }

    private void Append(ReadOnlySpan<ImageKey> keys, Tensor stored)
    {
        var added = new List<int>(keys.Length);
        var seen = new HashSet<ImageKey>();
        for (int i = 0; i < keys.Length; i++)
        {
            if (!rows.RowOf.ContainsKey(keys[i]) && seen.Add(keys[i]))
                added.Add(i);
        }
        if (added.Count == 0)
            return;
        WriteToDisk(() =>
        {
            if (data is null)
                Attach(CacheData.Create(Path.Combine(Folder, DataFile), Kind));
        });
        if (data!.PositionOf(rows.Count + added.Count) > options.MaxBytes)
        {
            throw new InvalidInputException($"The feature cache '{Folder}' would outgrow its limit of {options.MaxBytes:N0} bytes with " +
                $"{added.Count} more pictures of {Kind.BytesPerImage:N0} bytes; it holds {rows.RowOf.Count}. Raise the limit, store " +
                "two-byte numbers, or keep pooled features only.");
        }
        foreach (int i in added)
            AppendRow(keys[i], stored[i]);
    }

    private void AppendRow(ImageKey key, Tensor row)
    {
        using (row)
        {
            ulong checksum = 0;
            WriteToDisk(() =>
            {
                ReadOnlySpan<byte> bytes = row.bytes;
                data!.Write(rows.Count, bytes);
                checksum = XxHash3.HashToUInt64(bytes);
            });
            var entry = new CacheIndex.Entry(key, checksum);
            rows.Add(entry, trust: true);
            pending.Add(entry);
        }
    }

    /// <summary>Rows to the disk first, then the entries that make them count.</summary>
    private void Commit()
    {
        lastCommit = Stopwatch.GetTimestamp();
        if (pending.Count == 0)
            return;
        int committed = rows.Count - pending.Count;
        try
        {
            WriteToDisk(() =>
            {
                data!.FlushToDisk();
                index!.Append(committed, pending);
            });
        }
        catch
        {
            TakeBack(committed);
            throw;
        }
        finally
        {
            pending.Clear();
        }
    }

    private void TakeBack(int committed)
    {
        rows.Truncate(committed);
        try
        {
            index!.Cut(committed);
        }
        catch (IOException)
        {
            // The next writer cuts it.
        }
        data!.Trim(committed);
    }

    private void WriteToDisk(Action write)
    {
        try
        {
            write();
        }
        // .NET has the out-of-range one for a file that outgrows its file system or quota (EFBIG).
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentOutOfRangeException)
        {
            data?.Trim(rows.Count);
            throw new IOException($"The feature cache '{Folder}' can't be written: {e.Message} What it held before is whole, and the " +
                $"next run goes on from there. One picture takes {Kind.BytesPerImage:N0} bytes there.", e);
        }
    }

    private void TakeLock(CancellationToken cancellation)
    {
        try
        {
            Directory.CreateDirectory(Folder);
            fileLock = FileLock.Take(Path.Combine(Folder, LockFile),
                () => options.Waiting?.Invoke($"Another process is filling the feature cache '{Folder}'; waiting for it."), cancellation);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InvalidInputException($"The feature cache '{Folder}' can't be written: {e.Message}", e);
        }
        try
        {
            Refresh();
            WriteToDisk(() => index?.Cut(rows.Count));
            lastCommit = Stopwatch.GetTimestamp();
        }
        catch
        {
            ReleaseLock();
            throw;
        }
    }

    private void ReleaseLock()
    {
        fileLock?.Dispose();
        fileLock = null;
    }

    private void EndLease()
    {
        lock (writing)
        {
            if (disposed || --leases > 0)
                return;
            try
            {
                lock (sync)
                    Commit();
            }
            finally
            {
                ReleaseLock();
            }
        }
    }

    private InvalidInputException NotFinite(ReadOnlySpan<ImageKey> keys, Tensor stored)
    {
        long bad = stored.isfinite().view(keys.Length, -1).all(1).logical_not().nonzero()[0, 0].ToInt64();
        return new InvalidInputException($"The features of the picture {keys[(int)bad]} hold a number that is NaN, infinite or too large " +
            $"for {Kind.Storage}. If the encoder's output is sound, store float32 or bfloat16.");
    }

    private sealed class LeaseHandle(FeatureCache cache) : IDisposable
    {
        private FeatureCache? cache = cache;

        public void Dispose() => Interlocked.Exchange(ref cache, null)?.EndLease();
    }
}
