namespace VLPeft.Cli.Reports;

/// <summary>A variant's learning curve over its seeds, at the steps that all of them measured.</summary>
internal sealed record CurveSummary(string Name, int Series, int Seeds, IReadOnlyList<CurveSummary.Point> Points)
{
    public readonly record struct Point(long Step, double Mean, double Lowest, double Highest);

    public static CurveSummary Of(VariantResult variant, int series)
    {
        SeedResult[] measured = variant.Seeds.Where(seed => seed.Validation.Count > 0).ToArray();
        // A mean over fewer seeds than at the step before would jump without anything having changed, so such steps are left out.
        Point[] points = measured
            .SelectMany(seed => seed.Validation.GroupBy(point => point.Step).Select(same => same.Last()))
            .Where(point => double.IsFinite(point.Score))
            .GroupBy(point => point.Step, point => point.Score)
            .Where(scores => scores.Count() == measured.Length)
            .OrderBy(scores => scores.Key)
            .Select(scores => new Point(scores.Key, scores.Average(), scores.Min(), scores.Max()))
            .ToArray();
        return new CurveSummary(variant.Name, series, measured.Length, points);
    }
}
