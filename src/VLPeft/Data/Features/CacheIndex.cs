using System.Buffers.Binary;
using System.IO.Hashing;

namespace VLPeft.Data.Features;

/// <summary>
/// A cache's index file: entry i tells which picture row i of the data belongs to. An entry is written after its row has reached the disk
/// and carries its own checksum, so that a half-written one is no entry and a valid one promises a whole row.
/// </summary>
/// <param name="path">The file; it is there once the first row is.</param>
/// <param name="instance">The id of the data file, part of every checksum.</param>
internal sealed class CacheIndex(string path, UInt128 instance)
{
    /// <summary>Key (16 bytes), checksum of the row (8), checksum of the entry (8).</summary>
    public const int EntryBytes = 32;
    private const int Checked = 24;

    /// <summary>An entry, or null in a place whose entry is damaged.</summary>
    public readonly record struct Entry(ImageKey Key, ulong RowChecksum);

    /// <summary>The entries from row <paramref name="from"/> on, cut after the last valid one below <paramref name="wholeRows"/>.</summary>
    public List<Entry?> Read(long from, long wholeRows)
    {
        var entries = new List<Entry?>();
        if (!File.Exists(path))
            return entries;
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 1 << 16);
        file.Position = Math.Min(from * EntryBytes, file.Length);
        byte[] bytes = new byte[EntryBytes];
        int valid = 0;
        for (long row = from; row < wholeRows && file.ReadAtLeast(bytes, EntryBytes, throwOnEndOfStream: false) == EntryBytes; row++)
        {
            Entry? entry = Parse(bytes, row);
            entries.Add(entry);
            if (entry is not null)
                valid = entries.Count;
        }
        entries.RemoveRange(valid, entries.Count - valid);
        return entries;
    }

    /// <summary>
    /// Takes away everything from row <paramref name="rows"/> on: before new rows are written there, which a left-over entry would
    /// otherwise give to its own picture.
    /// </summary>
    public void Cut(long rows)
    {
        if (!File.Exists(path) || new FileInfo(path).Length <= rows * EntryBytes)
            return;
        using FileStream file = OpenToWrite();
        file.SetLength(rows * EntryBytes);
        file.Flush(flushToDisk: true);
    }

    /// <summary>Writes the entries from row <paramref name="from"/> on, the end of the file; they are on disk when it returns.</summary>
    public void Append(long from, IReadOnlyList<Entry> entries)
    {
        byte[] bytes = new byte[entries.Count * EntryBytes];
        for (int i = 0; i < entries.Count; i++)
            Format(entries[i], from + i, bytes.AsSpan(i * EntryBytes, EntryBytes));
        using FileStream file = OpenToWrite();
        file.Position = from * EntryBytes;
        file.Write(bytes);
        file.Flush(flushToDisk: true);
    }

    private FileStream OpenToWrite() =>
        new(path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);

    private void Format(Entry entry, long row, Span<byte> bytes)
    {
        BinaryPrimitives.WriteUInt128LittleEndian(bytes, entry.Key.Hash);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[16..], entry.RowChecksum);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[Checked..], Checksum(bytes, row));
    }

    private Entry? Parse(ReadOnlySpan<byte> bytes, long row) =>
        BinaryPrimitives.ReadUInt64LittleEndian(bytes[Checked..]) == Checksum(bytes, row)
            ? new Entry(new ImageKey(BinaryPrimitives.ReadUInt128LittleEndian(bytes)), BinaryPrimitives.ReadUInt64LittleEndian(bytes[16..]))
            : null;

    private ulong Checksum(ReadOnlySpan<byte> bytes, long row) =>
        XxHash3.HashToUInt64(bytes[..Checked], (long)(ulong)instance ^ (long)(ulong)(instance >> 64) ^ row);
}
