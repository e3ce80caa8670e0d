using System.Globalization;

namespace VLPeft.Training;

/// <summary>All that decides the outcome of a run, by name, so that a resume under other settings can be refused by name.</summary>
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
            ["learning rate"] = Number(options.LearningRate),
            ["schedule"] = Text($"{schedule.Shape}, {schedule.WarmupSteps} warm-up steps"),
            ["optimizer"] = Text($"{adam.Form}, betas {adam.Beta1:R} and {adam.Beta2:R}, epsilon {adam.Epsilon:R}"),
            ["weight decay"] = Number(adam.WeightDecay),
            ["parameter rules"] = string.Join("; ", options.ParameterRules.Select(rule =>
                $"{rule.Pattern}: learning rate × {Number(rule.LearningRateScale)}, weight decay {Number(rule.WeightDecay)}")),
            ["clip norm"] = Number(options.ClipNorm),
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
            .Select(key => $"{key}: '{saved.GetValueOrDefault(key, "none")}' there, '{now.GetValueOrDefault(key, "none")}' here"));

    private static string Number(double? value) => value?.ToString("R", CultureInfo.InvariantCulture) ?? "none";

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
