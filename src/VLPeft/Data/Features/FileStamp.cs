using System.Runtime.InteropServices;

namespace VLPeft.Data.Features;

/// <summary>
/// What the file system says of a file without reading it. The change time can't be set by programs, so that a picture replaced by
/// another of equal length and modification time (<c>cp -p</c>, archives) is noticed too; .NET has no property for it.
/// </summary>
/// <param name="Size">Bytes.</param>
/// <param name="Modified">UTC ticks of the last write.</param>
/// <param name="Changed">UTC ticks: on Linux of the last change of content or name, elsewhere the later of last write and creation.</param>
internal readonly partial record struct FileStamp(long Size, long Modified, long Changed)
{
    public static FileStamp? Of(string path)
    {
        var file = new FileInfo(path);
        if (!file.Exists)
            return null;
        long modified = file.LastWriteTimeUtc.Ticks;
        return new FileStamp(file.Length, modified, ChangeTime(path) ?? Math.Max(modified, file.CreationTimeUtc.Ticks));
    }

    private static unsafe long? ChangeTime(string path)
    {
        if (!OperatingSystem.IsLinux())
            return null;
        byte* status = stackalloc byte[Native.StatusBytes];
        try
        {
            if (Native.Statx(Native.CurrentFolder, path, 0, Native.WantChangeTime, status) != 0)
                return null;
        }
        catch (EntryPointNotFoundException)
        {
            return null;                                                // a C library from before 2018
        }
        var bytes = new ReadOnlySpan<byte>(status, Native.StatusBytes);
        long seconds = BitConverter.ToInt64(bytes[Native.ChangeTimeOffset..]);
        uint nanoseconds = BitConverter.ToUInt32(bytes[(Native.ChangeTimeOffset + sizeof(long))..]);
        return DateTime.UnixEpoch.Ticks + seconds * TimeSpan.TicksPerSecond + nanoseconds / TimeSpan.NanosecondsPerTick;
    }

    /// <summary>Linux's statx(2): unlike stat's, its structure is the same on every architecture.</summary>
    private static unsafe partial class Native
    {
        public const int CurrentFolder = -100, StatusBytes = 256, ChangeTimeOffset = 96;
        public const uint WantChangeTime = 0x80;

        [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8)]
        public static partial int Statx(int folder, string path, int flags, uint mask, byte* status);
    }
}
