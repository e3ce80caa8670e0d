using System.Xml.Linq;
using static VLPeft.Cli.Reports.Html;

namespace VLPeft.Cli.Reports;

/// <summary>Differences on one line each: the mean as a marker, the interval as a bar; what they are compared with is the line at zero.</summary>
internal sealed class DifferencePlot
{
    private readonly IReadOnlyList<DifferenceResult> _differences;
    private readonly ReportModel _model;
    private readonly NumberText _numbers;
    private readonly Axis _axis;
    private readonly PlotRows _rows;

    public DifferencePlot(IReadOnlyList<DifferenceResult> differences, ReportModel model, NumberText numbers)
    {
        (_differences, _model, _numbers) = (differences, model, numbers);
        _axis = Axis.Around(differences.SelectMany(one => new[] { one.Low, one.High }).Append(0));
        _rows = new PlotRows(_axis);
    }

    private int Height => _differences.Count * PlotRows.RowHeight;

    public XElement Render() =>
        Tag("div", Class("plot scores"),
            Tag("svg", Attr("width", "100%"), Attr("height", Height), Attr("role", "img"), Attr("aria-label", Description()),
                _differences.Select(Row), _rows.Ticks(Height)),
            Tag("p", Class("axis"), $"difference in {_model.MetricName}{_numbers.DifferenceInHeading}"));

    private string Description() => $"Differences in {_model.MetricName}{_numbers.DifferenceInHeading}: "
        + string.Join("; ", _differences.Select(one => $"{one.Name} to {one.To} {Figures(one)}")) + ".";

    private IEnumerable<object> Row(DifferenceResult one, int index)
    {
        int top = (index * PlotRows.RowHeight) + PlotRows.TrackTop, middle = top + (PlotRows.TrackHeight / 2);
        int series = Math.Max(0, _model.Variants.Select(variant => variant.Name).ToList().IndexOf(one.Name));
        yield return PlotRows.Labels("major", top - 6, one.Name, Figures(one));
        yield return _rows.Track(top, PlotRows.TrackHeight);
        yield return _rows.Upright("baseline", 0, top, PlotRows.TrackHeight);
        yield return Tag("g", Series.Class(series),
            _rows.Bar("sd", one.Low, one.High, middle),
            Series.Marker(series, _axis.Place(one.Mean), middle, $"{one.Name} to {one.To}: {Figures(one)}"));
    }

    private string Figures(DifferenceResult one) =>
        $"{_numbers.Plus(one.Mean)} [{_numbers.Plus(one.Low)}, {_numbers.Plus(one.High)}]";
}
