using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using VLPeft.Checkpoints;

namespace VLPeft.Data.Features;

/// <summary>
/// Remembers the content keys of files by path, size and times, so that later runs need not read every picture again. A file whose size,
/// modification or (Linux) change time differs is read anew. The index is itself only a cache: what can't be read of it is hashed again.
/// Safe for use by several threads, and by several processes, whose findings are united when they save.
/// </summary>
public sealed class FileHashIndex
{
    private const string Header = "vlpeft file hashes 1";
    private readonly string indexFile;
    private readonly TimeSpan settling;
    private readonly ConcurrentDictionary<string, Entry> entries = new(StringComparer.Ordinal);
    private volatile bool changed;

    private FileHashIndex(string indexFile, TimeSpan settling) => (this.indexFile, this.settling) = (indexFile, settling);

    /// <summary>How many files are known.</summary>
    public int Count => entries.Count;

    /// <summary>Reads an index, or starts an empty one when there is none.</summary>
    /// <param name="indexFile">The file that <see cref="Save"/> will write.</param>
    public static FileHashIndex Open(string indexFile) => Open(indexFile, TimeSpan.FromSeconds(2));

    // A file written within the settling time could be written once more without its times moving on: it is not remembered yet.
    internal static FileHashIndex Open(string indexFile, TimeSpan settling)
    {
        var index = new FileHashIndex(Path.GetFullPath(indexFile), settling);
        index.Load();
        return index;
    }

    /// <summary>The key of a file; the file is read only when it is new or has changed.</summary>
    /// <exception cref="InvalidInputException">The file is missing or can't be read.</exception>
    public ImageKey KeyOf(string path) => TryGet(path, out ImageKey key) ? key : Remember(path, file => (ImageKey.OfFile(file), true)).Key;

    /// <summary>The key of a file that has not changed since it was last read.</summary>
    public bool TryGet(string path, out ImageKey key)
    {
        bool known = entries.TryGetValue(Path.GetFullPath(path), out Entry entry) && FileStamp.Of(path) == entry.Stamp;
        key = known ? entry.Key : default;
        return known;
    }

    /// <summary>Reads a file's bytes and remembers their key.</summary>
    /// <exception cref="InvalidInputException">The file is missing or can't be read.</exception>
    internal (ImageKey Key, byte[] Bytes) Read(string path) => Remember(path, file =>
    {
        byte[] bytes = FileBytes.Read(file);
        return (ImageKey.OfBytes(bytes), bytes);
    });

    private (ImageKey Key, T Result) Remember<T>(string path, Func<string, (ImageKey, T)> read)
    {
        FileStamp? before = FileStamp.Of(path);
        (ImageKey Key, T) result = read(path);
        if (before is { } stamp && stamp == FileStamp.Of(path) && HasSettled(stamp))
        {
            entries[Path.GetFullPath(path)] = new Entry(result.Key, stamp);
            changed = true;
        }
        return result;
    }

    private bool HasSettled(FileStamp stamp) => stamp.Changed <= (DateTime.UtcNow - settling).Ticks;

    /// <summary>Writes the index if anything was learnt, together with what other processes saved meanwhile.</summary>
    /// <exception cref="IOException">The disk is full, or the file can't be written.</exception>
    public void Save()
    {
        if (!changed)
            return;
        Directory.CreateDirectory(Path.GetDirectoryName(indexFile)!);
        using FileLock _ = FileLock.Take($"{indexFile}.lock", waiting: null, CancellationToken.None);
        changed = false;
        Load();
        var text = new StringBuilder(Header).Append('\n');
        foreach ((string path, (ImageKey key, FileStamp stamp)) in entries.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            if (!path.Contains('\n'))
                text.Append(CultureInfo.InvariantCulture, $"{key}\t{stamp.Size}\t{stamp.Modified}\t{stamp.Changed}\t{path}\n");
        }
        AtomicFile.WriteText(indexFile, text.ToString());
    }

    /// <summary>Saves where that can be done: an index that is not saved only costs time.</summary>
    internal void TrySave()
    {
        try
        {
            Save();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The next run reads the files again.
        }
    }

    private void Load()
    {
        if (!File.Exists(indexFile))
            return;
        string[] lines = File.ReadAllLines(indexFile);
        if (lines.Length == 0 || lines[0] != Header)
            return;
        foreach (string line in lines.AsSpan(1))
        {
            string[] parts = line.Split('\t', 5);
            if (parts.Length == 5 && UInt128.TryParse(parts[0], NumberStyles.HexNumber, null, out UInt128 hash)
                && long.TryParse(parts[1], out long size) && long.TryParse(parts[2], out long modified)
                && long.TryParse(parts[3], out long change))
                entries.TryAdd(parts[4], new Entry(new ImageKey(hash), new FileStamp(size, modified, change)));
        }
    }

    private readonly record struct Entry(ImageKey Key, FileStamp Stamp);
}
