using System.IO.MemoryMappedFiles;
using Microsoft.Win32.SafeHandles;
using VLPeft.Checkpoints;

namespace VLPeft.Data.Features;

/// <summary>
/// A cache's data file: header, then rows of one size, only ever appended. Read through a shared memory mapping, which is renewed when a
/// row beyond it is asked for; written through the file, so that a full disk is an error and not the end of the process.
/// </summary>
internal sealed unsafe class CacheData : IDisposable
{
    private readonly string path;
    private readonly SafeFileHandle reading;
    private readonly Lock mappingLock = new();
    private SafeFileHandle? writing;
    private SafeMemoryMappedViewHandle? view;
    private long mappedRows;

    private CacheData(string path, SafeFileHandle reading, CacheHeader header)
    {
        (this.path, this.reading, Header) = (path, reading, header);
        RowBytes = header.Kind.BytesPerImage;
    }

    public CacheHeader Header { get; }

    public long RowBytes { get; }

    /// <summary>The rows whose bytes are all in the file, whether they mean something or not.</summary>
    public long WholeRows => Math.Max(0, RandomAccess.GetLength(reading) - Header.Length) / RowBytes;

    public static CacheData Create(string path, FeatureKind kind)
    {
        byte[] header = CacheHeader.Write(kind);
        AtomicFile.Write(path, stream => stream.Write(header));
        return Open(path);
    }

    public static CacheData Open(string path)
    {
        SafeFileHandle file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        try
        {
            return new CacheData(path, file, CacheHeader.Read(file, path));
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    public long PositionOf(long row) => Header.Length + row * RowBytes;

    public void Write(long row, ReadOnlySpan<byte> bytes)
    {
        writing ??= File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        RandomAccess.Write(writing, bytes, PositionOf(row));
    }

    public void FlushToDisk()
    {
        if (writing is not null)
            RandomAccess.FlushToDisk(writing);
    }

    /// <summary>Gives the space after <paramref name="rows"/> back to the disk, where that can be done.</summary>
    public void Trim(long rows)
    {
        try
        {
            if (writing is not null && RandomAccess.GetLength(writing) > PositionOf(rows))
                RandomAccess.SetLength(writing, PositionOf(rows));
        }
        catch (IOException)
        {
            // Windows keeps a mapped file's length; what is left over will be overwritten.
        }
    }

    /// <summary>
    /// Holds the mapping of at least <paramref name="rows"/> rows until <see cref="Release"/>, also when it is renewed or this object is
    /// disposed meanwhile. Every row asked for must be whole: reading mapped bytes beyond the file's end ends the process.
    /// </summary>
    public SafeMemoryMappedViewHandle Acquire(long rows, out byte* firstRow)
    {
        lock (mappingLock)
        {
            ObjectDisposedException.ThrowIf(reading.IsClosed, this);
            if (view is null || mappedRows < rows)
                Map();
            SafeMemoryMappedViewHandle held = view!;
            byte* start = null;
            held.AcquirePointer(ref start);
            firstRow = start + Header.Length;
            return held;
        }
    }

    public static void Release(SafeMemoryMappedViewHandle view) => view.ReleasePointer();

    private void Map()
    {
        long rows = WholeRows;
        const MemoryMappedFileAccess read = MemoryMappedFileAccess.Read;
        using var file = MemoryMappedFile.CreateFromFile(reading, null, 0, read, HandleInheritability.None, leaveOpen: true);
        SafeMemoryMappedViewHandle renewed = file.CreateViewAccessor(0, PositionOf(rows), read).SafeMemoryMappedViewHandle;
        view?.Dispose();
        (view, mappedRows) = (renewed, rows);
    }

    public void Dispose()
    {
        lock (mappingLock)
        {
            view?.Dispose();
            writing?.Dispose();
            reading.Dispose();
        }
    }
}
