using System.Xml.Linq;
using static VLPeft.Cli.Reports.Html;

namespace VLPeft.Cli.Reports;

/// <summary>Learning curves, drawn and as a table.</summary>
internal sealed class CurvePlot(ReportModel model, NumberText numbers)
{
    private const int MaximumRows = 50;

    private readonly CurveSummary[] _curves =
        model.Variants.Select(CurveSummary.Of).Where(curve => curve.Points.Count > 0).ToArray();

    public bool IsEmpty => _curves.Length == 0;

    /// <summary>What is drawn, in a sentence.</summary>
    public string Caption => $"{Sentence(model.MetricName)}{numbers.InHeading} on validation data"
        + (_curves.Any(curve => curve.Seeds > 1) ? ": the mean over the seeds, and a band from the lowest to the highest." : ".");

    /// <summary>Legend and plot.</summary>
    public IEnumerable<XElement> Render() => new CurveDrawing(
        _curves, Axis.Within(_curves.SelectMany(curve => curve.Points).Select(point => point.At)), "training step",
        step => $"step {NumberText.Count((long)step)}", numbers).Render(Description());

    private string Description()
    {
        IEnumerable<string> parts = _curves.Select(curve =>
            $"{curve.Name} from {numbers.Score(curve.Points[0].Mean)} at step {NumberText.Count((long)curve.Points[0].At)} " +
            $"to {numbers.Score(curve.Points[^1].Mean)} at step {NumberText.Count((long)curve.Points[^1].At)}");
        return $"Learning curves, {model.MetricName}{numbers.InHeading} on validation data: {string.Join("; ", parts)}.";
    }

    /// <summary>The curves' figures, folded away.</summary>
    public XElement Values()
    {
        double[] all = _curves.SelectMany(curve => curve.Points).Select(point => point.At).Distinct().Order().ToArray();
        double[] shown = Thin(all);
        Dictionary<double, CurveSummary.Point>[] byStep = _curves.Select(curve => curve.Points.ToDictionary(point => point.At)).ToArray();
        string scores = $"{Sentence(model.MetricName)}{numbers.InHeading} on validation data";
        string caption = scores + (_curves.Any(curve => curve.Seeds > 1) ? ", mean over seeds (lowest–highest)" : "")
            + (shown.Length < all.Length ? $"; {shown.Length} of {all.Length} steps measured" : "");
        return Tag("details", Tag("summary", "The learning curves as a table"),
            Tables.Scrolled("Learning curves", Tag("table", Tables.Caption(caption),
                Tag("thead", Tag("tr", Tables.Column("Step", "num"), _curves.Select(curve => Tables.Column(curve.Name, "num")))),
                Tag("tbody", shown.Select(step => Tag("tr", Tables.Row(NumberText.Count((long)step), "num"),
                    byStep.Select(points => Tables.Number(points.TryGetValue(step, out CurveSummary.Point at) ? Value(at) : "–"))))))));
    }

    private string Value(CurveSummary.Point at) => at.Lowest == at.Highest
        ? numbers.Score(at.Mean)
        : $"{numbers.Score(at.Mean)} ({numbers.Score(at.Lowest)}–{numbers.Score(at.Highest)})";

    /// <summary>Evenly chosen steps, the first and the last among them.</summary>
    private static double[] Thin(double[] steps) => steps.Length <= MaximumRows
        ? steps
        : Enumerable.Range(0, MaximumRows).Select(i => steps[(long)i * (steps.Length - 1) / (MaximumRows - 1)]).ToArray();
}
