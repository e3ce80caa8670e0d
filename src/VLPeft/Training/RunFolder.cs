namespace VLPeft.Training;

/// <summary>Where a run keeps its files.</summary>
/// <param name="path">The folder; made when the run starts.</param>
public sealed class RunFolder(string path)
{
    /// <summary>The folder's full path.</summary>
    public string Path { get; } = System.IO.Path.GetFullPath(path);

    /// <summary>Trainable parameters, optimizer and random state, position: what a resume needs.</summary>
    public string Checkpoint => In("checkpoint.safetensors");

    /// <summary>Losses and metrics, a JSON object per line; the same in every run with the same settings.</summary>
    public string Metrics => In("metrics.jsonl");

    /// <summary>Times and throughput, a JSON object per line.</summary>
    public string Timing => In("timing.jsonl");

    /// <summary>The folder of TensorBoard event files.</summary>
    public string TensorBoard => In("tensorboard");

    /// <summary>The trainable parameters that were best by a metric, by their names in the model.</summary>
    public string Best(string metric) => In($"best-{metric}.safetensors");

    private string In(string name) => System.IO.Path.Combine(Path, name);

    /// <summary>Makes the folder and takes it for this process, until the result is disposed or the process ends.</summary>
    /// <exception cref="InvalidInputException">Another run uses it.</exception>
    internal IDisposable Take()
    {
        try
        {
            Directory.CreateDirectory(Path);
            return new FileStream(In(".lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InvalidInputException($"The run folder '{Path}' is in use by another run, or can't be written: {e.Message}", e);
        }
    }

    /// <summary>Removes what a killed process was writing through <see cref="Checkpoints.AtomicFile"/>.</summary>
    internal void RemoveLeftovers()
    {
        foreach (string pattern in new[] { "checkpoint.safetensors.*.tmp", "best-*.safetensors.*.tmp" })
        {
            foreach (string file in Directory.EnumerateFiles(Path, pattern))
                File.Delete(file);
        }
    }

    /// <summary>Removes what a run left that was killed before its first checkpoint.</summary>
    internal void RemoveBestFiles()
    {
        foreach (string file in Directory.EnumerateFiles(Path, "best-*.safetensors"))
            File.Delete(file);
    }
}
