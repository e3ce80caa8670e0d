using System.IO.Hashing;
using Microsoft.Win32.SafeHandles;
using TorchSharp;
using static TorchSharp.torch;

namespace VLPeft.Data.Features;

public sealed partial class FeatureCache
{
    /// <summary>The features of pictures: (B, V, d), float32, on the CPU.</summary>
    /// <inheritdoc cref="Resolve" path="/exception"/>
    /// <inheritdoc cref="Gather" path="/exception"/>
    public Tensor Read(ReadOnlySpan<ImageKey> keys) => Gather(Resolve(keys));

    /// <summary>The features in rows: (B, V, d), float32, on the CPU. Rows may repeat.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such row.</exception>
    /// <exception cref="InvalidInputException">A row has another checksum than it was written with: it was damaged on disk.</exception>
    public Tensor Gather(ReadOnlySpan<int> rows)
    {
        Tensor stored = empty([rows.Length, Kind.Tokens, Kind.Width], Kind.Storage.TorchType(), CPU);
        try
        {
            if (rows.Length > 0)
                Copy(rows, stored);
        }
        catch
        {
            stored.Dispose();
            throw;
        }
        if (Kind.Storage == FeatureStorage.Float32)
            return stored;
        using (stored)
            return stored.to(ScalarType.Float32);
    }

    /// <summary>
    /// Compares every row with its checksum and forgets the damaged ones, so that they count as missing and are computed again.
    /// </summary>
    /// <returns>The pictures whose features were damaged.</returns>
    public IReadOnlyList<ImageKey> Verify()
    {
        KeyValuePair<ImageKey, int>[] known;
        lock (sync)
            known = [.. rows.RowOf];
        ImageKey[] damaged = [.. known.Where(pair => !IsWhole(pair.Value)).Select(pair => pair.Key)];
        lock (sync)
        {
            foreach (ImageKey key in damaged)
                rows.Forget(key);
        }
        return damaged;
    }

    private bool IsWhole(int row)
    {
        using Held held = Hold(row, row);
        return Matches(held.Row(row), row);
    }

    private void Copy(ReadOnlySpan<int> wanted, Tensor stored)
    {
        (int lowest, int highest) = (int.MaxValue, int.MinValue);
        foreach (int row in wanted)
            (lowest, highest) = (Math.Min(lowest, row), Math.Max(highest, row));
        using Held held = Hold(lowest, highest);
        // A span counts in 32 bits: large gathers go in pieces.
        int piece = (int)Math.Clamp((1L << 30) / held.RowBytes, 1, wanted.Length);
        for (int start = 0; start < wanted.Length; start += piece)
        {
            ReadOnlySpan<int> part = wanted.Slice(start, Math.Min(piece, wanted.Length - start));
            using Tensor target = stored.narrow(0, start, part.Length);
            CopyPart(held, part, target.bytes);
        }
    }

    private void CopyPart(Held held, ReadOnlySpan<int> part, Span<byte> target)
    {
        foreach (int row in part)
        {
            ReadOnlySpan<byte> source = held.Row(row);
            if (!rows.IsTrusted(row))
                Check(source, row);
            source.CopyTo(target);
            target = target[source.Length..];
        }
    }

    private void Check(ReadOnlySpan<byte> bytes, int row)
    {
        if (!Matches(bytes, row))
        {
            throw new InvalidInputException($"Row {row} of the feature cache '{Folder}' is damaged: its checksum is not the one it was " +
                "written with. Verify the cache, or delete its folder, to have the features computed again.");
        }
        rows.Trust(row);
    }

    private bool Matches(ReadOnlySpan<byte> bytes, int row) => XxHash3.HashToUInt64(bytes) == rows.Checksum(row);

    private unsafe Held Hold(int lowest, int highest)
    {
        lock (sync)
        {
            ObjectDisposedException.ThrowIf(disposed, this);
            if (lowest < 0 || highest >= rows.Count)
                throw new ArgumentOutOfRangeException(nameof(highest), $"Rows {lowest} to {highest} were asked of {rows.Count}.");
            return new Held(data!.Acquire(highest + 1L, out byte* first), first, data.RowBytes);
        }
    }

    /// <summary>Rows in memory that stay mapped until this is disposed.</summary>
    private readonly unsafe struct Held(SafeMemoryMappedViewHandle view, byte* first, long rowBytes) : IDisposable
    {
        public long RowBytes => rowBytes;

        public ReadOnlySpan<byte> Row(int row) => new(first + row * rowBytes, checked((int)rowBytes));

        public void Dispose() => CacheData.Release(view);
    }
}
