using System.Globalization;
using System.Text;

namespace VLPeft.Cli.Studies;

/// <summary>The results as Markdown for people and as CSV, one line a run, for programs.</summary>
internal static class StudyTables
{
    public static string Markdown(StudyResults results, int decimals)
    {
        var text = new StringBuilder($"# {results.Title}\n\n{(results.Question.Length > 0 ? results.Question + "\n\n" : "")}    {results.Command}\n\n");
        text.Append(CultureInfo.InvariantCulture, $"{results.Metric} on the test split; differences along '{results.ComparedAxis}', with 95 % intervals (paired bootstrap over seeds and pictures).\n");
        Append(text, results.Common is null ? "" : "Each variant at the learning rate that is best for it on validation data", results.Own, decimals);
        if (results.Common is { } common)
            Append(text, "All at the recipe's learning rate", common, decimals);
        if (results.Failures.Count > 0)
            text.Append("\n## Runs that failed\n\n");
        foreach (StudyFailure failure in results.Failures)
            text.Append(CultureInfo.InvariantCulture, $"* {failure.Variant}, rate {failure.LearningRate}, seed {failure.Seed}: {failure.Error.ReplaceLineEndings(" ")}\n");
        return text.ToString();
    }

    public static string Csv(StudyResults results)
    {
        string[] axes = [.. results.Own[0].Values.Keys];
        var text = new StringBuilder();
        Line(text, ["rates", .. axes, "learning_rate", "seed", "score", "trainable_parameters", "run"]);
        foreach ((string rates, VariantResults variant) in results.Own.Select(one => ("own", one)).Concat((results.Common ?? []).Select(one => ("common", one))))
            foreach (StudySeed seed in variant.Seeds)
                Line(text, [rates, .. variant.Values.Values, Number(variant.LearningRate), $"{seed.Seed}", Number(seed.Score), $"{variant.TrainableParameters}", seed.Run]);
        return text.ToString();
    }

    private static void Append(StringBuilder text, string heading, IReadOnlyList<VariantResults> variants, int decimals)
    {
        string format = $"F{decimals}";
        text.Append(heading.Length > 0 ? $"\n## {heading}\n" : "").Append("\n| variant | rate | mean (sd) | difference | to | trainable | seeds |\n|---|---|---|---|---|---|---|\n");
        foreach (VariantResults one in variants)
            text.Append(CultureInfo.InvariantCulture, $"| {one.Name} | {one.LearningRate} | {one.Mean?.ToString(format, CultureInfo.InvariantCulture) ?? "failed"}{(one.Sd is { } sd ? $" ({sd.ToString(format, CultureInfo.InvariantCulture)})" : "")} ")
                .Append(CultureInfo.InvariantCulture, $"| {Difference(one.Difference, format)} | {one.Difference?.To} | {one.TrainableParameters:N0} | {string.Join(", ", one.Seeds.Select(seed => seed.Score.ToString(format, CultureInfo.InvariantCulture)))} |\n");
    }

    /// <summary>"+8.4 [6.1, 10.7]".</summary>
    public static string Difference(StudyDifference? difference, string format) => difference is null ? ""
        : $"{Signed(difference.Mean, format)} [{Signed(difference.Low, format)}, {Signed(difference.High, format)}]";

    private static string Signed(double value, string format) => (value > 0 ? "+" : "") + value.ToString(format, CultureInfo.InvariantCulture);

    private static string Number(double value) => value.ToString("R", CultureInfo.InvariantCulture);

    private static void Line(StringBuilder text, string[] cells) => text.AppendJoin(',', cells.Select(Quoted)).Append('\n');

    private static string Quoted(string cell) =>
        cell.AsSpan().ContainsAny("\",\r\n") ? $"\"{cell.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : cell;
}
