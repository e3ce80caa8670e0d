using System.Text.Json;
using System.Text.Json.Serialization;

namespace VLPeft.Training;

/// <summary>
/// One line of <c>metrics.jsonl</c>: a training line has loss, learning rate and gradient norm, a validation line the metrics.
/// </summary>
/// <param name="Step">Completed steps.</param>
/// <param name="Epoch">Completed epochs, with a fraction.</param>
/// <param name="Loss">Mean training loss since the line before, examples weighted equally.</param>
/// <param name="Lr">The learning rate of the step.</param>
/// <param name="GradNorm">The 2-norm of the step's gradients, before clipping.</param>
/// <param name="Validation">The metrics of a validation.</param>
public sealed record MetricsEntry(
    long Step,
    double Epoch,
    double? Loss = null,
    double? Lr = null,
    double? GradNorm = null,
    IReadOnlyDictionary<string, double>? Validation = null);

/// <summary>The log of losses and metrics: lines are appended, and a resume cuts it to the length its checkpoint knows.</summary>
public sealed class MetricsLog : IDisposable
{
    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    };

    private readonly FileStream file;

    /// <summary>Opens the log and cuts it to <paramref name="length"/> bytes.</summary>
    /// <exception cref="InvalidInputException">It is shorter than that.</exception>
    internal MetricsLog(string path, long length)
    {
        file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.Read);
        if (file.Length < length)
        {
            long found = file.Length;
            file.Dispose();
            throw new InvalidInputException($"The log '{path}' has {found} bytes, but the checkpoint beside it was written when it had " +
                $"{length}: lines are missing. Put the log back, or use another output folder.");
        }
        file.SetLength(length);
        file.Position = length;
    }

    internal long Length => file.Position;

    internal void Write(MetricsEntry entry)
    {
        file.Write([.. JsonSerializer.SerializeToUtf8Bytes(entry, Json), (byte)'\n']);
        file.Flush();
    }

    internal void FlushToDisk() => file.Flush(flushToDisk: true);

    /// <inheritdoc/>
    public void Dispose() => file.Dispose();

    /// <summary>The lines of a log.</summary>
    /// <exception cref="InvalidInputException">A line is not one of this log.</exception>
    public static IEnumerable<MetricsEntry> Read(string path)
    {
        int number = 0;
        foreach (string line in File.ReadLines(path))
        {
            number++;
            MetricsEntry? entry;
            try
            {
                entry = JsonSerializer.Deserialize<MetricsEntry>(line, Json);
            }
            catch (JsonException e)
            {
                throw new InvalidInputException($"Line {number} of '{path}' is not an entry of the metrics log: {e.Message}", e);
            }
            yield return entry ?? throw new InvalidInputException($"Line {number} of '{path}' is not an entry of the metrics log.");
        }
    }
}
