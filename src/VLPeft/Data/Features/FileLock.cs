namespace VLPeft.Data.Features;

/// <summary>
/// At most one holder at a time among all processes of the machine; given back by the operating system when the holder dies. (.NET opens
/// with FileShare.None as an advisory lock on Unix and an exclusive opening on Windows.)
/// </summary>
internal sealed class FileLock : IDisposable
{
    private readonly FileStream file;

    private FileLock(FileStream file) => this.file = file;

    /// <summary>Takes the lock, waiting for another holder as long as it takes; <paramref name="waiting"/> is told once.</summary>
    public static FileLock Take(string path, Action? waiting, CancellationToken cancellation)
    {
        for (bool told = false; ; told = true)
        {
            cancellation.ThrowIfCancellationRequested();
            if (TryTake(path) is { } taken)
                return taken;
            if (!told)
                waiting?.Invoke();
            cancellation.WaitHandle.WaitOne(20);
        }
    }

    private static FileLock? TryTake(string path)
    {
        try
        {
            return new FileLock(new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 0));
        }
        catch (IOException e) when (IsHeldByAnother(e))
        {
            return null;
        }
    }

    // ERROR_SHARING_VIOLATION on Windows, EWOULDBLOCK elsewhere (11 on Linux, 35 on macOS).
    private static bool IsHeldByAnother(IOException e) => e.HResult is unchecked((int)0x80070020) or 11 or 35;

    public void Dispose() => file.Dispose();
}
