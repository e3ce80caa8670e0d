using System.Xml.Linq;
using static VLPeft.Cli.Reports.Html;

namespace VLPeft.Cli.Reports;

/// <summary>Learning curves: the mean over the seeds as a line, lowest to highest seed as a band, and the same in a table.</summary>
internal sealed class CurvePlot(ReportModel model, NumberText numbers)
{
    private const int Height = 300;
    private const int Width = 1000; // of the stretched drawing, in its own units
    private const int MaximumMarkers = 25;
    private const int MaximumRows = 50;

    private readonly CurveSummary[] _curves =
        model.Variants.Select(CurveSummary.Of).Where(curve => curve.Points.Count > 0).ToArray();

    public bool IsEmpty => _curves.Length == 0;

    /// <summary>What is drawn, in a sentence.</summary>
    public string Caption => $"{Sentence(model.MetricName)}{numbers.InHeading} on validation data"
        + (_curves.Any(curve => curve.Seeds > 1) ? ": the mean over the seeds, and a band from the lowest to the highest." : ".");

    /// <summary>Legend and plot.</summary>
    public IEnumerable<XElement> Render()
    {
        Axis steps = Axis.Within(_curves.SelectMany(curve => curve.Points).Select(point => (double)point.Step));
        Axis scores = Axis.Around(_curves.SelectMany(curve => curve.Points).SelectMany(point => new[] { point.Lowest, point.Highest }));
        yield return Tag("ul", Class("legend"), _curves.Select(curve => Tag("li", Series.Swatch(curve.Series), curve.Name)));
        yield return Tag("div", Class("plot curves"),
            Tag("svg", Attr("width", "100%"), Attr("height", Height), Attr("role", "img"), Attr("aria-label", Description()),
                Grid(steps, scores),
                // Lines are stretched with the width, their strokes are not; text and markers stay outside of the stretching.
                Tag("svg", Attr("width", "100%"), Attr("height", Height), Attr("viewBox", $"0 0 {Width} {Height}"),
                    Attr("preserveAspectRatio", "none"),
                    _curves.Select(curve => Band(curve, steps, scores)), _curves.Select(curve => Line(curve, steps, scores))),
                _curves.Select(curve => Markers(curve, steps, scores))),
            Tag("p", Class("axis"), "training step"));
    }

    private string Description()
    {
        IEnumerable<string> parts = _curves.Select(curve =>
            $"{curve.Name} from {numbers.Score(curve.Points[0].Mean)} at step {NumberText.Count(curve.Points[0].Step)} " +
            $"to {numbers.Score(curve.Points[^1].Mean)} at step {NumberText.Count(curve.Points[^1].Step)}");
        return $"Learning curves, {model.MetricName}{numbers.InHeading} on validation data: {string.Join("; ", parts)}.";
    }

    private static double Y(Axis scores, double score) => Height * (1 - scores.Place(score));

    private static IEnumerable<XElement> Grid(Axis steps, Axis scores) =>
        scores.Ticks.Select(tick => (tick, y: Y(scores, tick))).SelectMany(at => new[]
        {
            Tag("line", Class("grid"), Attr("x1", "0"), Attr("y1", at.y), Attr("x2", "100%"), Attr("y2", at.y)),
            Tag("text", Class("tick"), Attr("x", "0"), Attr("dx", -8), Attr("y", at.y + 4), Attr("text-anchor", "end"),
                scores.Label(at.tick)),
        }).Concat(steps.Ticks.Select(tick =>
            Tag("text", Class("tick"), Attr("x", Percent(steps.Place(tick))), Attr("y", Height + 18), Attr("text-anchor", "middle"),
                steps.Label(tick))));

    private static XElement? Band(CurveSummary curve, Axis steps, Axis scores) => curve.Seeds < 2
        ? null
        : Tag("polygon", Series.Class(curve.Series, "band"), Attr("points", string.Join(' ',
            curve.Points.Select(point => Pair(steps.Place(point.Step), Y(scores, point.Highest)))
                .Concat(curve.Points.Reverse().Select(point => Pair(steps.Place(point.Step), Y(scores, point.Lowest)))))));

    private static XElement Line(CurveSummary curve, Axis steps, Axis scores) =>
        Tag("polyline", Series.Class(curve.Series, "curve"), Series.Dash(curve.Series), Attr("points",
            string.Join(' ', curve.Points.Select(point => Pair(steps.Place(point.Step), Y(scores, point.Mean))))));

    private static string Pair(double place, double y) => $"{Coordinate(place * Width)},{Coordinate(y)}";

    private XElement? Markers(CurveSummary curve, Axis steps, Axis scores) => curve.Points.Count > MaximumMarkers
        ? null
        : Tag("g", Series.Class(curve.Series), curve.Points.Select(point =>
            Series.Marker(curve.Series, steps.Place(point.Step), Y(scores, point.Mean),
                $"{curve.Name}, step {NumberText.Count(point.Step)}: {numbers.Score(point.Mean)}{numbers.Unit}", small: true)));

    /// <summary>The curves' figures, folded away.</summary>
    public XElement Values()
    {
        long[] all = _curves.SelectMany(curve => curve.Points).Select(point => point.Step).Distinct().Order().ToArray();
        long[] shown = Thin(all);
        Dictionary<long, CurveSummary.Point>[] byStep = _curves.Select(curve => curve.Points.ToDictionary(point => point.Step)).ToArray();
        string scores = $"{Sentence(model.MetricName)}{numbers.InHeading} on validation data";
        string caption = scores + (_curves.Any(curve => curve.Seeds > 1) ? ", mean over seeds (lowest–highest)" : "")
            + (shown.Length < all.Length ? $"; {shown.Length} of {all.Length} steps measured" : "");
        return Tag("details", Tag("summary", "The learning curves as a table"),
            Tables.Scrolled("Learning curves", Tag("table", Tables.Caption(caption),
                Tag("thead", Tag("tr", Tables.Column("Step", "num"), _curves.Select(curve => Tables.Column(curve.Name, "num")))),
                Tag("tbody", shown.Select(step => Tag("tr", Tables.Row(NumberText.Count(step), "num"),
                    byStep.Select(points => Tables.Number(points.TryGetValue(step, out CurveSummary.Point at) ? Value(at) : "–"))))))));
    }

    private string Value(CurveSummary.Point at) => at.Lowest == at.Highest
        ? numbers.Score(at.Mean)
        : $"{numbers.Score(at.Mean)} ({numbers.Score(at.Lowest)}–{numbers.Score(at.Highest)})";

    /// <summary>Evenly chosen steps, the first and the last among them.</summary>
    private static long[] Thin(long[] steps) => steps.Length <= MaximumRows
        ? steps
        : Enumerable.Range(0, MaximumRows).Select(i => steps[(long)i * (steps.Length - 1) / (MaximumRows - 1)]).ToArray();
}
