using System.Xml.Linq;
using static VLPeft.Cli.Reports.Html;

namespace VLPeft.Cli.Reports;

/// <summary>Final scores along the values of what was varied.</summary>
internal sealed class SweepPlot(Sweep sweep, ReportModel model, NumberText numbers)
{
    private readonly CurveSummary[] _curves = [.. sweep.Curves.Select(CurveSummary.Of)];

    /// <summary>What is drawn, in a sentence.</summary>
    public string Caption => $"{Sentence(model.MetricName)}{numbers.InHeading}"
        + (_curves.Any(curve => curve.Seeds > 1) ? ": the mean over the seeds, and a band from the lowest to the highest." : ".");

    /// <summary>Legend and plot.</summary>
    public IEnumerable<XElement> Render() =>
        new CurveDrawing(_curves, Axis.At(_curves.SelectMany(curve => curve.Points).Select(point => point.At)), sweep.Name, Place, numbers)
            .Render($"{Sentence(model.MetricName)}{numbers.InHeading} along {sweep.Name}: {string.Join("; ", _curves.Select(Described))}.");

    private string Described(CurveSummary curve) =>
        $"{curve.Name} {string.Join(", ", curve.Points.Select(point => $"{numbers.Score(point.Mean)} at {Axis.Plain(point.At)}"))}";

    private string Place(double value) => $"{sweep.Name} {Axis.Plain(value)}";
}
