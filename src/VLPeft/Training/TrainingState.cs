using System.Text.Json;
using System.Text.Json.Serialization;

namespace VLPeft.Training;

/// <summary>
/// Everything about a run that is not a tensor. A checkpoint keeps it as JSON; it holds no time of day, so that the same run gives the
/// same file.
/// </summary>
internal sealed class TrainingState
{
    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        Converters = { new JsonStringEnumConverter() },
    };

    /// <summary>Completed steps.</summary>
    public long Step { get; set; }

    /// <summary>The epoch of the next batch, and its number there: for the reader, as both follow from the step.</summary>
    public int Epoch { get; set; }

    public int Batch { get; set; }

    /// <summary>The validation after <see cref="Step"/> is due and not done.</summary>
    public bool ValidationPending { get; set; }

    /// <summary>Null while the run goes on.</summary>
    public TrainingStatus? Ended { get; set; }

    public SortedDictionary<string, BestValue> Best { get; set; } = new(StringComparer.Ordinal);

    public double? EarlyStoppingBest { get; set; }

    public int ValidationsWithoutImprovement { get; set; }

    /// <summary>The part of the log line in progress.</summary>
    public double LossSum { get; set; }

    public long LossExamples { get; set; }

    /// <summary>Bytes of the metrics log.</summary>
    public long LogLength { get; set; }

    public string ToJson() => JsonSerializer.Serialize(this, Json);

    /// <exception cref="JsonException">The text is not such a state.</exception>
    public static TrainingState FromJson(string text) =>
        JsonSerializer.Deserialize<TrainingState>(text, Json) ?? throw new JsonException("null");
}
