using System.Xml.Linq;
using static VLPeft.Cli.Reports.Html;

namespace VLPeft.Cli.Reports;

/// <summary>Curves with their legend: the mean over the seeds as a line with markers, lowest to highest seed as a band.</summary>
/// <param name="curves">The curves, at least one point in each.</param>
/// <param name="across">Where a point lies along the drawing.</param>
/// <param name="title">What that is.</param>
/// <param name="place">How such a place is written in the text of a marker.</param>
/// <param name="numbers">How scores are written.</param>
internal sealed class CurveDrawing(IReadOnlyList<CurveSummary> curves, Axis across, string title, Func<double, string> place, NumberText numbers)
{
    private const int Height = 300;
    private const int Width = 1000; // of the stretched drawing, in its own units
    private const int MaximumMarkers = 25;

    private readonly Axis _scores = Axis.Around(curves.SelectMany(curve => curve.Points).SelectMany(point => new[] { point.Lowest, point.Highest }));

    /// <summary>Legend and plot.</summary>
    /// <param name="description">What a reader who can't see it is told.</param>
    public IEnumerable<XElement> Render(string description)
    {
        yield return Tag("ul", Class("legend"), curves.Select(curve => Tag("li", Series.Swatch(curve.Series), curve.Name)));
        yield return Tag("div", Class("plot curves"),
            Tag("svg", Attr("width", "100%"), Attr("height", Height), Attr("role", "img"), Attr("aria-label", description),
                Grid(),
                // Lines are stretched with the width, their strokes are not; text and markers stay outside of the stretching.
                Tag("svg", Attr("width", "100%"), Attr("height", Height), Attr("viewBox", $"0 0 {Width} {Height}"),
                    Attr("preserveAspectRatio", "none"),
                    curves.Select(Band), curves.Select(Line)),
                curves.Select(Markers)),
            Tag("p", Class("axis"), title));
    }

    private double Y(double score) => Height * (1 - _scores.Place(score));

    private IEnumerable<XElement> Grid() =>
        _scores.Ticks.Select(tick => (tick, y: Y(tick))).SelectMany(at => new[]
        {
            Tag("line", Class("grid"), Attr("x1", "0"), Attr("y1", at.y), Attr("x2", "100%"), Attr("y2", at.y)),
            Tag("text", Class("tick"), Attr("x", "0"), Attr("dx", -8), Attr("y", at.y + 4), Attr("text-anchor", "end"),
                _scores.Label(at.tick)),
        }).Concat(across.Ticks.Select(tick =>
            Tag("text", Class("tick"), Attr("x", Percent(across.Place(tick))), Attr("y", Height + 18), Attr("text-anchor", "middle"),
                across.Label(tick))));

    private XElement? Band(CurveSummary curve) => curve.Seeds < 2
        ? null
        : Tag("polygon", Series.Class(curve.Series, "band"), Attr("points", string.Join(' ',
            curve.Points.Select(point => Pair(point.At, point.Highest))
                .Concat(curve.Points.Reverse().Select(point => Pair(point.At, point.Lowest))))));

    private XElement Line(CurveSummary curve) =>
        Tag("polyline", Series.Class(curve.Series, "curve"), Series.Dash(curve.Series), Attr("vector-effect", "non-scaling-stroke"), Attr("points",
            string.Join(' ', curve.Points.Select(point => Pair(point.At, point.Mean)))));

    private string Pair(double at, double score) => $"{Coordinate(across.Place(at) * Width)},{Coordinate(Y(score))}";

    private XElement? Markers(CurveSummary curve) => curve.Points.Count > MaximumMarkers
        ? null
        : Tag("g", Series.Class(curve.Series), curve.Points.Select(point =>
            Series.Marker(curve.Series, across.Place(point.At), Y(point.Mean),
                $"{curve.Name}, {place(point.At)}: {numbers.Score(point.Mean)}{numbers.Unit}", small: true)));
}
