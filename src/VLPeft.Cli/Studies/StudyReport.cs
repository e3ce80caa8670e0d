using VLPeft.Cli.Reports;
using VLPeft.Cli.Reports.Runs;
using VLPeft.Experiments;

namespace VLPeft.Cli.Studies;

/// <summary>The page a person reads.</summary>
internal static class StudyReport
{
    private const int Pictures = 20;

    public static ReportModel Of(StudyPlan plan, StudyCollector collector, StudyResults results, TimeSpan took, int workers)
    {
        string format = $"F{collector.Task.Decimals}";
        int[] tested = [.. Enumerable.Range(0, plan.Variants.Count).Where(variant => results.Own[variant].Seeds.Count > 0)];
        EvaluatedRun[] runs = [.. tested.SelectMany(variant => results.Own[variant].Seeds).Select(seed => EvaluatedRun.Open(seed.Run, Split.Test))];
        var shown = tested.Select(variant => (results.Own[variant].Name, new RunFiles(results.Own[variant].Seeds[0].Run))).ToList();
        return new ReportModel(
            results.Title, Summary(results, format), RunVariants.Common(runs),
            [.. tested.Select(variant => collector.Reported(variant, own: true))], [],
            collector.Task.Examples(shown, Split.Test, Pictures), File.ReadAllText(shown[^1].Item2.Audit),
            [.. ReportMachine.Describe(), ("runs side by side", $"{workers}, one thread each"), ("time of this call", $"{took.TotalSeconds:0} s")],
            results.Command, collector.Task.MetricName, collector.Task.Unit)
        {
            GroupName = collector.Task.GroupName,
            Decimals = collector.Task.Decimals,
            Tables = [.. Tables(results, format)],
            Differences = StudyPlots.Differences(plan.Study, results),
            Sweep = StudyPlots.Sweep(plan.Study, results),
        };
    }

    /// <summary>What was asked, and what came out in measured numbers, whichever way it falls.</summary>
    public static string Summary(StudyResults results, string format)
    {
        VariantResults[] compared = [.. results.Own.Where(one => one.Difference is not null)];
        string question = results.Question.Length > 0 ? $"{results.Question} " : "";
        if (compared.Length == 0)
            return question + "No two variants could be compared.";
        VariantResults best = compared.MaxBy(one => one.Difference!.Mean)!, worst = compared.MinBy(one => one.Difference!.Mean)!;
        int above = compared.Count(one => one.Difference!.Low > 0), below = compared.Count(one => one.Difference!.High < 0);
        return $"{question}Of {compared.Length} comparisons along '{results.ComparedAxis}' {above} lie above their reference and {below} below it by more than the 95 % interval allows for chance. "
            + $"Highest: {Told(best, format)}. Lowest: {Told(worst, format)}.";
    }

    private static string Told(VariantResults one, string format) =>
        $"'{one.Name}' to '{one.Difference!.To}' {StudyTables.Difference(one.Difference, format)}";

    private static IEnumerable<ReportTable> Tables(StudyResults results, string format)
    {
        yield return Table(results.Common is null ? "Differences" : "Each at its own learning rate",
            "Mean over seeds (sd); difference with 95 % interval, a paired bootstrap over seeds and pictures.", results.Own, format);
        if (results.Common is { } common)
        {
            yield return Table("All at the recipe's learning rate", "As above, without a choice by validation data.", common, format);
            yield return new ReportTable("Choice of the learning rate", "Validation score at each rate.",
                ["variant", .. results.Own[0].ValidationByRate.Keys],
                [.. results.Own.Select(one => (IReadOnlyList<string>)[one.Name, .. results.Own[0].ValidationByRate.Keys.Select(rate =>
                    one.ValidationByRate.TryGetValue(rate, out double score) ? score.ToString("F4") : "failed")])]);
        }
        if (results.Failures.Count > 0)
            yield return new ReportTable("Runs that failed", "What is missing above, and why.", ["variant", "rate", "seed", "error"],
                [.. results.Failures.Select(one => (IReadOnlyList<string>)[one.Variant, $"{one.LearningRate}", $"{one.Seed}", one.Error])]);
    }

    private static ReportTable Table(string title, string caption, IReadOnlyList<VariantResults> variants, string format) => new(
        title, caption, ["variant", "rate", "mean (sd)", "difference", "to"],
        [
            .. variants.Select(one => (IReadOnlyList<string>)
            [
                one.Name, $"{one.LearningRate}", $"{one.Mean?.ToString(format) ?? "failed"}{(one.Sd is { } sd ? $" ({sd.ToString(format)})" : "")}",
                StudyTables.Difference(one.Difference, format), one.Difference?.To ?? "",
            ]),
        ]);
}
