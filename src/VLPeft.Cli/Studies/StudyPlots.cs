using System.Globalization;
using VLPeft.Cli.Reports;
using VLPeft.Studies;

namespace VLPeft.Cli.Studies;

/// <summary>What of a study's results is drawn.</summary>
internal static class StudyPlots
{
    /// <summary>Fewer values are read faster in the table.</summary>
    private const int SmallestSweep = 3;

    /// <summary>Every difference with its interval.</summary>
    public static DifferenceResults Differences(Study study, StudyResults results) => new(
        $"Each variant to the one that has {study.ComparedAxis} '{study.Axes.First(axis => axis.Name == study.ComparedAxis).All()[0].Name}' and is otherwise the same; a bar is the 95 % interval.",
        [
            .. results.Own.Where(one => one.Difference is not null).Select(one =>
                new DifferenceResult(one.Name, one.Difference!.To, one.Difference.Mean, one.Difference.Low, one.Difference.High)),
        ]);

    /// <summary>The scores along the first axis whose values are numbers; null when there is none, or nothing was measured.</summary>
    public static Sweep? Sweep(Study study, StudyResults results)
    {
        StudyAxis? axis = study.Axes.FirstOrDefault(one => one.All() is { Count: >= SmallestSweep } all && all.All(value => Number(value.Name) is not null));
        if (axis is null)
            return null;
        SweepCurve[] curves =
        [
            .. from one in results.Own
               where one.Seeds.Count > 0
               group (Number(one.Values[axis.Name])!.Value, (IReadOnlyList<double>)[.. one.Seeds.Select(seed => seed.Score)]) by Others(one, axis) into curve
               select new SweepCurve(curve.Key.Length == 0 ? results.Metric : curve.Key, [.. curve]),
        ];
        return curves.Length == 0 ? null : new Sweep(axis.Name, curves);
    }

    private static string Others(VariantResults variant, StudyAxis axis) =>
        string.Join(", ", variant.Values.Where(value => value.Key != axis.Name).Select(value => value.Value));

    private static double? Number(string text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) && double.IsFinite(number) ? number : null;
}
