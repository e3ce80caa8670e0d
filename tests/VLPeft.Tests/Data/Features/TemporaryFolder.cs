namespace VLPeft.Tests.Data.Features;

/// <summary>A folder of its own for one test.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("vlpeft-features-").FullName;

    public string File(string name) => System.IO.Path.Combine(Path, name);

    public string Write(string name, ReadOnlySpan<byte> bytes)
    {
        System.IO.File.WriteAllBytes(File(name), bytes);
        return File(name);
    }

    /// <summary>A copy as a killed process would have left it; its lock dies with it.</summary>
    public TemporaryFolder Snapshot()
    {
        var copy = new TemporaryFolder();
        foreach (string file in Directory.EnumerateFiles(Path, "*", SearchOption.AllDirectories))
        {
            if (System.IO.Path.GetFileName(file) == "lock")
                continue;
            string target = copy.File(System.IO.Path.GetRelativePath(Path, file));
            Directory.CreateDirectory(System.IO.Path.GetDirectoryName(target)!);
            using var source = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            using FileStream destination = System.IO.File.Create(target);
            source.CopyTo(destination);
        }
        return copy;
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
