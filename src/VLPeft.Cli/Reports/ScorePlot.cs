using System.Xml.Linq;
using static VLPeft.Cli.Reports.Html;

namespace VLPeft.Cli.Reports;

/// <summary>
/// Scores on one line per variant: a dot for each seed, the mean, a bar of one standard deviation to both sides; baselines are dashed
/// lines through all of them.
/// </summary>
/// <remarks>
/// All horizontal places are shares of the width, all sizes pixels: the drawing fits any screen and its text keeps its size.
/// </remarks>
internal sealed class ScorePlot(ReportModel model, NumberText numbers)
{
    private const int RowHeight = 50;
    private const int TrackTop = 20; // of a row, below its label
    private const int TrackHeight = 24;
    private const int BaselineHeight = 38;
    private const int BaselineTrack = 12;
    private const int Gap = 10;
    private const int LabelLength = 26; // characters that fit on a phone beside the score

    private readonly Axis _axis = Axis.Around(model.Variants
        .SelectMany(variant => variant.Seeds.Select(seed => seed.Score))
        .Concat(model.Baselines.Select(baseline => baseline.Score)));

    private int VariantsEnd => model.Variants.Count * RowHeight;

    private int Height => VariantsEnd + (model.Baselines.Count == 0 ? 0 : Gap + model.Baselines.Count * BaselineHeight);

    public XElement Render() =>
        Tag("div", Class("plot scores"),
            Tag("svg", Attr("width", "100%"), Attr("height", Height), Attr("role", "img"), Attr("aria-label", Description()),
                model.Variants.Select(Variant),
                model.Baselines.Select(Baseline),
                _axis.Ticks.Select(tick => Tag("text", Class("tick"), Attr("x", Percent(_axis.Place(tick))), Attr("y", Height + 14),
                    Attr("text-anchor", "middle"), _axis.Label(tick)))),
            Tag("p", Class("axis"), $"{model.MetricName}{numbers.InHeading}"));

    private string Description()
    {
        IEnumerable<string> parts = model.Variants
            .Select(variant => $"{variant.Name} {numbers.MeanAndDeviation(variant.Mean, variant.StandardDeviation)}")
            .Concat(model.Baselines.Select(baseline => $"baseline {baseline.Name} {numbers.Score(baseline.Score)}"));
        return $"Dot plot of {model.MetricName}{numbers.InHeading}: {string.Join("; ", parts)}.";
    }

    private IEnumerable<object> Variant(VariantResult variant, int index)
    {
        int top = index * RowHeight + TrackTop;
        int middle = top + TrackHeight / 2;
        double mean = variant.Mean;
        yield return Labels("major", top - 6, variant.Name, numbers.MeanAndDeviation(mean, variant.StandardDeviation));
        yield return Track(top, TrackHeight);
        yield return model.Baselines.Where(baseline => double.IsFinite(baseline.Score))
            .Select(baseline => Upright("baseline", baseline.Score, top, TrackHeight));
        yield return Tag("g", Series.Class(index),
            double.IsFinite(mean) && variant.StandardDeviation is { } sd ? Deviation(mean, sd, middle) : null,
            double.IsFinite(mean) && variant.Seeds.Count > 1 ? Upright("mean", mean, top + 2, TrackHeight - 4) : null,
            variant.Seeds.Select((seed, i) => double.IsFinite(seed.Score) ? Dot(variant, seed, i, index, middle) : null));
    }

    private IEnumerable<object> Baseline(BaselineResult baseline, int index)
    {
        int top = VariantsEnd + Gap + index * BaselineHeight + TrackTop;
        yield return Labels("minor", top - 6, baseline.Name, numbers.Score(baseline.Score));
        yield return Track(top, BaselineTrack);
        if (double.IsFinite(baseline.Score))
            yield return Upright("own", baseline.Score, top, BaselineTrack);
    }

    private XElement Dot(VariantResult variant, SeedResult seed, int index, int series, int middle)
    {
        // Seeds that score the same must not hide each other.
        double shift = (index - (variant.Seeds.Count - 1) / 2.0) * Math.Min(5, 16.0 / variant.Seeds.Count);
        string text = $"{variant.Name}, seed {seed.Seed}: {numbers.Score(seed.Score)}{numbers.Unit}";
        return Series.Marker(series, _axis.Place(seed.Score), middle + shift, text);
    }

    private IEnumerable<XElement> Track(int top, int height) => _axis.Ticks
        .Select(tick => Upright("grid", tick, top, height))
        .Prepend(Tag("rect", Class("track"), Attr("x", "0"), Attr("y", top), Attr("width", "100%"), Attr("height", height)));

    private XElement Deviation(double mean, double sd, int y)
    {
        double from = Math.Clamp(_axis.Place(mean - sd), 0, 1);
        double to = Math.Clamp(_axis.Place(mean + sd), 0, 1);
        return Tag("line", Class("sd"), Attr("x1", Percent(from)), Attr("y1", y), Attr("x2", Percent(to)), Attr("y2", y));
    }

    private static XElement[] Labels(string kind, int y, string name, string value) =>
    [
        Tag("text", Class(kind), Attr("x", "0"), Attr("y", y), Short(name), name.Length > LabelLength ? Tag("title", name) : null),
        Tag("text", Class(kind), Attr("x", "100%"), Attr("y", y), Attr("text-anchor", "end"), value),
    ];

    /// <summary>A long name without its middle: variants tend to differ at the ends.</summary>
    private static string Short(string name) => name.Length <= LabelLength
        ? name
        : $"{name[..(LabelLength / 2)].TrimEnd()}…{name[^(LabelLength / 2 - 1)..].TrimStart()}";

    private XElement Upright(string kind, double score, int top, int height)
    {
        string x = Percent(_axis.Place(score));
        return Tag("line", Class(kind), Attr("x1", x), Attr("y1", top), Attr("x2", x), Attr("y2", top + height));
    }
}
