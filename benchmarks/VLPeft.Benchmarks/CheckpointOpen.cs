using TorchSharp;
using VLPeft.Checkpoints;
using static TorchSharp.torch;

namespace VLPeft.Benchmarks;

/// <summary>Opening a safetensors file of 1.4 GB and having all its tensors, mapped, against reading it once.</summary>
/// <remarks>Reading through a small buffer is less than what a loader that copies must do.</remarks>
internal static class CheckpointOpen
{
    private const int Count = 350;
    private const long Elements = 1 << 20;

    public static void Run()
    {
        string path = Path.Combine(Path.GetTempPath(), $"vlpeft-benchmark-{Environment.ProcessId}.safetensors");
        try
        {
            using (Tensor part = randn(Elements)) // written many times under other names: the file is large, the memory is not
                SafetensorsWriter.Write(
                    path, Enumerable.Range(0, Count).Select(i => KeyValuePair.Create($"encoder.layer.{i}.weight", part)));
            Console.WriteLine($"  {new FileInfo(path).Length / 1e9:F2} GB, {Count} tensors, in the page cache");
            Interleaved.Print(Interleaved.Measure(
                [("read once through a buffer", () => ReadAll(path)), ("mapped", () => Map(path))], steps: 1, rounds: 3));
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static void Map(string path)
    {
        using var scope = NewDisposeScope();
        using SafetensorsFile file = SafetensorsFile.Open(path);
        foreach (string name in file.Names)
            _ = file.Read(name);
    }

    private static void ReadAll(string path)
    {
        using FileStream file = File.OpenRead(path);
        var buffer = new byte[Elements * sizeof(float)];
        while (file.Read(buffer) > 0)
        {
        }
    }
}
