namespace VLPeft.Cli.Reports;

/// <summary>A curve over seeds, at the places that all of them measured.</summary>
internal sealed record CurveSummary(string Name, int Series, int Seeds, IReadOnlyList<CurveSummary.Point> Points)
{
    /// <summary>Mean, lowest and highest seed at a place along the curve: a training step, or a value that was varied.</summary>
    public readonly record struct Point(double At, double Mean, double Lowest, double Highest);

    /// <summary>A variant's learning curve.</summary>
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
            .Select(scores => Over(scores.Key, [.. scores]))
            .ToArray();
        return new CurveSummary(variant.Name, series, measured.Length, points);
    }

    /// <summary>Final scores along a value that was varied.</summary>
    public static CurveSummary Of(SweepCurve curve, int series) => new(
        curve.Name, series, curve.Points.Max(point => point.Scores.Count),
        [.. curve.Points.OrderBy(point => point.Value).Select(point => Over(point.Value, point.Scores))]);

    private static Point Over(double at, IReadOnlyList<double> scores) => new(at, scores.Average(), scores.Min(), scores.Max());
}
