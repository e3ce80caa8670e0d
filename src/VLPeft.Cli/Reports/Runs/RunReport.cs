using VLPeft.Experiments;

namespace VLPeft.Cli.Reports.Runs;

/// <summary>A comparison of any evaluated runs as a page.</summary>
internal static class RunReport
{
    /// <param name="runs">The runs, of one task.</param>
    /// <param name="options">How they are shown.</param>
    /// <exception cref="InvalidInputException">The runs can't be compared, or data that their recipes name are missing.</exception>
    public static ReportModel Of(IReadOnlyList<EvaluatedRun> runs, RunReportOptions options)
    {
        IReportedTask task = ReportedTasks.Of(runs[0].Recipe.Task);
        var groups = RunVariants.Group(runs, options.Reference);
        VariantResult[] variants = [.. groups.Select(group => new VariantResult(group.Name, group.Runs[0].TrainableParameters, [.. group.Runs.Select(run => run.Result)]))];
        var shown = groups.Select(group => (group.Name, group.Runs.MinBy(run => run.Recipe.Seed)!.Files)).ToList();
        return new ReportModel(
            options.Title ?? $"{runs.Count} runs compared",
            Summary(variants, task),
            RunVariants.Common(runs),
            variants,
            [],
            options.Pictures == 0 ? [] : task.Examples(shown, options.Split, options.Pictures),
            AuditOf(groups[^1].Runs[0].Files),
            ReportMachine.Describe(),
            options.Command,
            task.MetricName,
            task.Unit)
        {
            GroupName = task.GroupName,
            Decimals = task.Decimals,
        };
    }

    /// <summary>What came out, in measured numbers and whichever way it falls.</summary>
    public static string Summary(IReadOnlyList<VariantResult> variants, IReportedTask task)
    {
        VariantResult reference = variants[0];
        string unit = task.Unit.Length == 0 ? "" : $" {task.Unit}", format = $"F{task.Decimals}";
        string start = $"'{reference.Name}' reaches {task.MetricName} {reference.Mean.ToString(format)}{unit} ({Seeds(reference)}).";
        if (variants.Count == 1)
            return start;
        VariantResult best = variants.Skip(1).MaxBy(variant => variant.Mean)!;
        string difference = best.DifferenceTo(reference) is { } paired
            ? $"{Math.Abs(paired.Mean).ToString(format)} points {(paired.Mean >= 0 ? "above" : "below")} '{reference.Name}' over {(paired.Seeds == 1 ? "the seed" : $"the {paired.Seeds} seeds")} that both have"
            : $"which shares no seed with '{reference.Name}'";
        return $"{start} Of the others '{best.Name}' does best: {best.Mean.ToString(format)}{unit} ({Seeds(best)}), {difference}.";
    }

    private static string Seeds(VariantResult variant) => variant.Seeds.Count == 1 ? "one seed" : $"mean of {variant.Seeds.Count} seeds";

    private static string AuditOf(RunFiles files) => File.Exists(files.Audit) ? File.ReadAllText(files.Audit) : "";
}

/// <summary>How runs are shown.</summary>
/// <param name="Split">The split they were evaluated on.</param>
/// <param name="Pictures">How many pictures.</param>
/// <param name="Reference">The variant that others are compared with; null for plain LoRA or Adapter.</param>
/// <param name="Title">The page's heading; null for a plain one.</param>
/// <param name="Command">The command that makes the page again.</param>
internal sealed record RunReportOptions(Split Split, int Pictures, string? Reference, string? Title, string Command);
