using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace VLPeft.Training;

/// <summary>Everything about a run that is not a tensor. A checkpoint keeps it as JSON; it holds no time of day, so that the same run gives the same file.</summary>
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

/// <summary>All that decides the outcome of a run, by name, so that a resume under other settings can be refused with their names.</summary>
internal static class RunSettings
{
    public static SortedDictionary<string, string> Of(TrainerOptions options, LearningRateSchedule schedule, int batchesPerEpoch)
    {
        AdamWOptions adam = options.Optimizer;
        return new(StringComparer.Ordinal)
        {
            ["steps"] = Text($"{schedule.TotalSteps}"),
            ["batches per epoch"] = Text($"{batchesPerEpoch}"),
            ["accumulation"] = Text($"{options.Accumulation}"),
            ["learning rate"] = Text($"{options.LearningRate:R}"),
            ["schedule"] = Text($"{schedule.Shape}, {schedule.WarmupSteps} warm-up steps"),
            ["optimizer"] = Text($"{adam.Form}, betas {adam.Beta1:R} and {adam.Beta2:R}, epsilon {adam.Epsilon:R}, weight decay {adam.WeightDecay:R}"),
            ["parameter rules"] = string.Join("; ", options.ParameterRules.Select(rule =>
                Text($"{rule.Pattern}: learning rate × {rule.LearningRateScale:R}, weight decay {rule.WeightDecay?.ToString("R", CultureInfo.InvariantCulture) ?? "as others"}"))),
            ["clip norm"] = options.ClipNorm?.ToString("R", CultureInfo.InvariantCulture) ?? "none",
            ["validation"] = options.Validation.ToString(),
            ["keep best"] = string.Join(", ", options.KeepBest),
            ["early stopping"] = options.EarlyStopping is { } early
                ? Text($"{early.Metric}, patience {early.Patience}, minimum improvement {early.MinimumImprovement:R}")
                : "none",
            ["log every"] = Text($"{options.LogEvery} steps"),
            ["seed"] = Text($"{options.Seed}"),
            ["identity"] = options.Identity,
        };
    }

    /// <summary>What differs, in words; empty when nothing does.</summary>
    public static string Difference(IReadOnlyDictionary<string, string> saved, IReadOnlyDictionary<string, string> now) =>
        string.Join("; ", saved.Keys.Union(now.Keys).Order(StringComparer.Ordinal)
            .Where(key => saved.GetValueOrDefault(key) != now.GetValueOrDefault(key))
            .Select(key => $"{key}: '{saved.GetValueOrDefault(key, "not known")}' there, '{now.GetValueOrDefault(key, "not known")}' here"));

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
