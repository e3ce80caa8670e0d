using System.Xml.Linq;
using static VLPeft.Cli.Reports.Html;

namespace VLPeft.Cli.Reports;

/// <summary>
/// Scores on one line per variant: a dot for each seed, the mean, a bar of one standard deviation to both sides; baselines are dashed
/// lines through all of them.
/// </summary>
internal sealed class ScorePlot
{
    private const int BaselineHeight = 38;
    private const int BaselineTrack = 12;
    private const int Gap = 10;

    private readonly ReportModel _model;
    private readonly NumberText _numbers;
    private readonly Axis _axis;
    private readonly PlotRows _rows;

    public ScorePlot(ReportModel model, NumberText numbers)
    {
        (_model, _numbers) = (model, numbers);
        _axis = Axis.Around(model.Variants
            .SelectMany(variant => variant.Seeds.Select(seed => seed.Score))
            .Concat(model.Baselines.Select(baseline => baseline.Score)));
        _rows = new PlotRows(_axis);
    }

    private int VariantsEnd => _model.Variants.Count * PlotRows.RowHeight;

    private int Height => VariantsEnd + (_model.Baselines.Count == 0 ? 0 : Gap + (_model.Baselines.Count * BaselineHeight));

    public XElement Render() =>
        Tag("div", Class("plot scores"),
            Tag("svg", Attr("width", "100%"), Attr("height", Height), Attr("role", "img"), Attr("aria-label", Description()),
                _model.Variants.Select(Variant),
                _model.Baselines.Select(Baseline),
                _rows.Ticks(Height)),
            Tag("p", Class("axis"), $"{_model.MetricName}{_numbers.InHeading}"));

    private string Description()
    {
        IEnumerable<string> parts = _model.Variants
            .Select(variant => $"{variant.Name} {_numbers.MeanAndDeviation(variant.Mean, variant.StandardDeviation)}")
            .Concat(_model.Baselines.Select(baseline => $"baseline {baseline.Name} {_numbers.Score(baseline.Score)}"));
        return $"Dot plot of {_model.MetricName}{_numbers.InHeading}: {string.Join("; ", parts)}.";
    }

    private IEnumerable<object> Variant(VariantResult variant, int index)
    {
        int top = (index * PlotRows.RowHeight) + PlotRows.TrackTop;
        int middle = top + (PlotRows.TrackHeight / 2);
        double mean = variant.Mean;
        yield return PlotRows.Labels("major", top - 6, variant.Name, _numbers.MeanAndDeviation(mean, variant.StandardDeviation));
        yield return _rows.Track(top, PlotRows.TrackHeight);
        yield return _model.Baselines.Where(baseline => double.IsFinite(baseline.Score))
            .Select(baseline => _rows.Upright("baseline", baseline.Score, top, PlotRows.TrackHeight));
        yield return Tag("g", Series.Class(index),
            double.IsFinite(mean) && variant.StandardDeviation is { } sd ? _rows.Bar("sd", mean - sd, mean + sd, middle) : null,
            double.IsFinite(mean) && variant.Seeds.Count > 1 ? _rows.Upright("mean", mean, top + 2, PlotRows.TrackHeight - 4) : null,
            variant.Seeds.Select((seed, i) => double.IsFinite(seed.Score) ? Dot(variant, seed, i, index, middle) : null));
    }

    private IEnumerable<object> Baseline(BaselineResult baseline, int index)
    {
        int top = VariantsEnd + Gap + (index * BaselineHeight) + PlotRows.TrackTop;
        yield return PlotRows.Labels("minor", top - 6, baseline.Name, _numbers.Score(baseline.Score));
        yield return _rows.Track(top, BaselineTrack);
        if (double.IsFinite(baseline.Score))
            yield return _rows.Upright("own", baseline.Score, top, BaselineTrack);
    }

    private XElement Dot(VariantResult variant, SeedResult seed, int index, int series, int middle)
    {
        // Seeds that score the same must not hide each other.
        double shift = (index - (variant.Seeds.Count - 1) / 2.0) * Math.Min(5, 16.0 / variant.Seeds.Count);
        string text = $"{variant.Name}, seed {seed.Seed}: {_numbers.Score(seed.Score)}{_numbers.Unit}";
        return Series.Marker(series, _axis.Place(seed.Score), middle + shift, text);
    }
}
