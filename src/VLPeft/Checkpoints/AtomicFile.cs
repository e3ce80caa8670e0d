namespace VLPeft.Checkpoints;

/// <summary>
/// Writes a file so that a reader sees either the old content or the whole new one, whatever happens in between: a temporary file in
/// the same folder, fsync, rename.
/// </summary>
public static class AtomicFile
{
    /// <summary>Lets <paramref name="write"/> fill a temporary file beside <paramref name="path"/>, then puts it in place.</summary>
    /// <param name="path">The file to make or replace; its folder is made when it does not exist.</param>
    /// <param name="write">Writes the content; when it throws, the old file stays and the temporary one is removed.</param>
    /// <exception cref="IOException">The disk is full, or the file can't be written.</exception>
    public static void Write(string path, Action<FileStream> write)
    {
        string full = Path.GetFullPath(path);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        string temporary = $"{full}.{Guid.NewGuid():N}.tmp";
        try
        {
            using (var stream = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None))
            {
                write(stream);
                stream.Flush(flushToDisk: true);
            }
            File.Move(temporary, full, overwrite: true);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }

    /// <summary>Writes <paramref name="text"/> as UTF-8 without a byte order mark.</summary>
    public static void WriteText(string path, string text) =>
        Write(path, stream => stream.Write(System.Text.Encoding.UTF8.GetBytes(text)));
}
