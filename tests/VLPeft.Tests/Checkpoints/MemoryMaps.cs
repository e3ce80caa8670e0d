namespace VLPeft.Tests.Checkpoints;

internal static class MemoryMaps
{
    /// <summary>Whether this process has the file mapped.</summary>
    public static bool Contain(string path) => File.ReadAllText("/proc/self/maps").Contains(path, StringComparison.Ordinal);
}
