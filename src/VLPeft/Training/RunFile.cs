using VLPeft.Checkpoints;
using static TorchSharp.torch;

namespace VLPeft.Training;

/// <summary>Writes the run's tensor files.</summary>
internal static class RunFile
{
    /// <summary>
    /// Writes a file atomically; <paramref name="at"/> is called before, when the data is written, and when it is in place.
    /// </summary>
    /// <exception cref="IOException">The file can't be written; the message names it.</exception>
    public static void Write(string path, IEnumerable<KeyValuePair<string, Tensor>> tensors, IReadOnlyDictionary<string, string> metadata,
        Action<string> at)
    {
        string name = Path.GetFileName(path);
        at($"{name}: begin");
        try
        {
            AtomicFile.Write(path, stream =>
            {
                SafetensorsWriter.Write(stream, tensors, metadata);
                at($"{name}: written");
            });
        }
        // .NET reports a file beyond the file system's or the user's limit (EFBIG) as an argument out of range.
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentOutOfRangeException { ParamName: "value" })
        {
            throw new IOException($"'{path}' can't be written: {e.Message.TrimEnd('.')}. The file that was there before, if any, is " +
                "kept, and a run started again goes on from its last checkpoint.", e);
        }
        at($"{name}: in place");
    }
}
