using Spectre.Console;
using VLPeft.Cli.Reports;

namespace VLPeft.Cli.Demo;

/// <summary>A demo's table on the console: a row a variant, compared with the first.</summary>
internal static class DemoTable
{
    /// <param name="title">What the scores are.</param>
    /// <param name="first">The column of the variants' names.</param>
    /// <param name="score">The score's name.</param>
    /// <param name="groups">Further scores: a column's name, and what the runs call it.</param>
    /// <param name="bySeed">The name of a last column with every seed's score; null for none.</param>
    /// <param name="variants">The rows.</param>
    /// <param name="baselines">Scores below the rows.</param>
    public static Table Of(
        string title, TableColumn first, string score, IReadOnlyList<(string Header, string Group)> groups, string? bySeed,
        IReadOnlyList<VariantResult> variants, params IReadOnlyList<(string Name, double Score)> baselines)
    {
        Table table = new Table().Title(title).AddColumn(first);
        foreach (string header in (string[])[score, "sd", "over none", .. groups.Select(group => group.Header), "trainable", .. Optional(bySeed)])
            table.AddColumn(new TableColumn(header).RightAligned());
        foreach (VariantResult one in variants)
            table.AddRow(
            [
                one.Name, $"{one.Mean:0.0}", one.StandardDeviation is { } sd ? $"{sd:0.0}" : "–",
                one == variants[0] ? "" : $"{Math.Round(one.DifferenceTo(variants[0])!.Mean, 1):+0.0;-0.0;0.0}",
                .. groups.Select(group => $"{MeanOf(one, group.Group):0.0}"), $"{one.TrainableParameters:N0}",
                .. Optional(bySeed is null ? null : string.Join("  ", one.Seeds.Select(seed => $"{seed.Score:0.0}"))),
            ]);
        if (baselines.Count > 0)
            table.AddEmptyRow();
        foreach ((string name, double mean) in baselines)
            table.AddRow(new Markup($"[dim]{name}[/]"), new Markup($"[dim]{mean:0.0}[/]"));
        return table;
    }

    /// <summary>The mean over seeds of one of a variant's further scores.</summary>
    public static double MeanOf(VariantResult variant, string group) => variant.Seeds.Average(seed => seed.PerGroup[group]);

    private static string[] Optional(string? cell) => cell is null ? [] : [cell];
}
