using System.Xml.Linq;
using CsCheck;
using VLPeft.Cli.Reports;
using Xunit;

namespace VLPeft.Tests.Reports;

public sealed class ReportPlotTests
{
    [Fact]
    public void AxesHoldAllValuesBetweenRoundEnds()
    {
        Gen<double> spans = Gen.OneOf(Gen.Const(0.0), Gen.Double[0, 1e-6], Gen.Double[0, 1e4]);
        Gen.Select(Gen.Double[-1e6, 1e6], spans, Gen.Double[0, 1]).Sample((from, span, inside) =>
        {
            double[] values = [from, double.NaN, from + span * inside, from + span];
            Axis axis = Axis.Around(values);
            double slack = 1e-6 * (axis.To - axis.From);
            Assert.True(axis.From <= from + slack && axis.To >= from + span - slack);
            Assert.InRange(axis.Ticks.Count, 2, 9);
            Assert.Equal(axis.From, axis.Ticks[0], slack);
            Assert.Equal(axis.To, axis.Ticks[^1], slack);
            Assert.All(values.Where(double.IsFinite), value => Assert.InRange(axis.Place(value), -1e-6, 1 + 1e-6));
            Assert.Equal(axis.Ticks.Count, axis.Ticks.Select(axis.Label).Distinct().Count());
        });
    }

    [Fact]
    public void TicksAreRound()
    {
        Axis axis = Axis.Around([14.6, 66.23]);
        Assert.Equal((10.0, 70.0), (axis.From, axis.To));
        Assert.Equal(["10", "20", "30", "40", "50", "60", "70"], axis.Ticks.Select(axis.Label));
        Assert.Equal(["100", "150", "200", "250", "300"], Ticks(Axis.Within([60.0, 345])));
        Assert.Equal(["80,000", "90,000", "100,000"], Ticks(Axis.Within([50_000, 100_000.0])).TakeLast(3));
        Assert.Equal(["\u22120.4", "\u22120.2", "0.0", "0.2"], Ticks(Axis.Around([-0.4, 0.2])).Where((_, i) => i % 2 == 0));
        Assert.Equal(2, Ticks(Axis.Around([])).Count(label => label is "0.0" or "1.0"));

        static IEnumerable<string> Ticks(Axis axis) => axis.Ticks.Select(axis.Label);
    }

    [Fact]
    public void ScoresLieWhereTheAxisHasThem()
    {
        ReportModel two = ReportSamples.Two();
        var page = new ReportPage(two with { Baselines = [new BaselineResult("low", 40, ""), new BaselineResult("high", 70, "")] });
        XElement plot = page.OfClass("div", "scores").Single().Element("svg")!; // the axis is 40 to 70
        Assert.Equal(["40", "45", "50", "55", "60", "65", "70"], Of(plot, "text", "tick").Select(tick => tick.Value));
        Assert.Equal(["33.33%", "40%", "66.67%", "80%"], Markers(plot).Select(marker => (string?)marker.Attribute("x")));
        Assert.Equal(["36.67%", "73.33%"], Of(plot, "line", "mean").Select(line => (string?)line.Attribute("x1")));
        Assert.Equal(["0%", "100%", "0%", "100%"], Of(plot, "line", "baseline").Select(line => (string?)line.Attribute("x1")));
        Assert.Equal(["0%", "100%"], Of(plot, "line", "own").Select(line => (string?)line.Attribute("x1")));
        Assert.Equal("multiply, seed 2: 64.00\u202F%", Markers(plot).Last().Value);
        Assert.Equal("Dot plot of VQA accuracy (%): none 51.00 ± 1.41; multiply 62.00 ± 2.83; baseline low 40.00; baseline high 70.00.",
            (string?)plot.Attribute("aria-label"));
    }

    [Fact]
    public void SeedsOfTheSameScoreAreAllSeen()
    {
        var page = new ReportPage(ReportSamples.Of(
            new VariantResult("a", 1, [ReportSamples.Seed(1, 5), ReportSamples.Seed(2, 5), ReportSamples.Seed(3, 5)])));
        XElement plot = page.OfClass("div", "scores").Single().Element("svg")!;
        Assert.Equal(3, Markers(plot).Select(marker => (double?)marker.Attribute("y")).Distinct().Count());
    }

    [Fact]
    public void VariantsDifferInMoreThanColour()
    {
        var page = new ReportPage(ReportSamples.Of(Enumerable.Range(0, 6)
            .Select(i => new VariantResult($"v{i}", 1, [ReportSamples.Seed(1, i, [(1, i), (2, i + 1)])])).ToArray()));
        XElement[] curves = page.OfClass("polyline", "curve").ToArray();
        Assert.Equal(6, curves.Select(curve => (string?)curve.Attribute("stroke-dasharray")).Distinct().Count());
        Assert.Equal(6, curves.Select(curve => (string?)curve.Attribute("class")).Distinct().Count());
        Assert.Equal(6, page.OfClass("path", "marker").Select(marker => (string?)marker.Attribute("d")).Distinct().Count());
    }

    [Fact]
    public void CurvesAreMeansWithABandOfAllSeeds()
    {
        var page = new ReportPage(ReportSamples.Two()); // scores axis 20 to 70, steps 100 to 200
        Assert.Equal(["0,270 1000,114", "0,168 1000,48"],
            page.OfClass("polyline", "curve").Select(line => (string?)line.Attribute("points")));
        Assert.Equal(["0,240 1000,108 1000,120 0,300", "0,156 1000,36 1000,60 0,180"],
            page.OfClass("polygon", "band").Select(band => (string?)band.Attribute("points")));
        XElement table = page.All("table").Single(table => table.Element("caption")!.Value.Contains("lowest–highest"));
        Assert.Equal(
            [["100", "25.00 (20.00–30.00)", "42.00 (40.00–44.00)"], ["200", "51.00 (50.00–52.00)", "62.00 (60.00–64.00)"]],
            table.Element("tbody")!.Elements("tr").Select(row => row.Elements().Select(cell => cell.Value).ToArray()));
    }

    [Fact]
    public void CurvesKeepToStepsThatAllSeedsMeasured()
    {
        SeedResult stopped = ReportSamples.Seed(1, 9, [(30, 3), (10, 7), (10, 1), (20, double.NaN)]); // step 10 again after a resume
        SeedResult whole = ReportSamples.Seed(2, 9, [(10, 3), (20, 4), (30, 5), (40, 6)]);
        SeedResult unmeasured = ReportSamples.Seed(3, 9);
        CurveSummary curve = CurveSummary.Of(new VariantResult("a", 1, [stopped, whole, unmeasured]), 0);
        Assert.Equal([new(10, 2, 1, 3), new CurveSummary.Point(30, 4, 3, 5)], curve.Points);
        Assert.Equal(2, curve.Seeds);
    }

    [Fact]
    public void DifferencesLieOnAnAxisThatHoldsZero()
    {
        ReportModel two = ReportSamples.Two() with
        {
            Differences = new DifferenceResults("to none", [new DifferenceResult("multiply", "none", 11, 10, 14), new DifferenceResult("other", "none", -2, -6, 2)]),
        };
        XElement plot = new ReportPage(two).OfClass("div", "scores").ElementAt(1).Element("svg")!; // the axis is -10 to 15
        Assert.Equal(["\u221210", "\u22125", "0", "5", "10", "15"], Of(plot, "text", "tick").Select(tick => tick.Value));
        Assert.Equal(["40%", "40%"], Of(plot, "line", "baseline").Select(line => (string?)line.Attribute("x1")));
        Assert.Equal([("80%", "96%"), ("16%", "48%")], Of(plot, "line", "sd").Select(line => ((string?)line.Attribute("x1"), (string?)line.Attribute("x2"))));
        Assert.Equal(["84%", "32%"], Markers(plot).Select(marker => (string?)marker.Attribute("x")));
        Assert.Equal(["s1", "s0"], plot.Elements("g").Select(group => (string?)group.Attribute("class"))); // the colour that the variant has elsewhere
        Assert.Equal("Differences in VQA accuracy (points): multiply to none +11.00 [+10.00, +14.00]; other to none \u22122.00 [\u22126.00, +2.00].",
            (string?)plot.Attribute("aria-label"));
    }

    [Fact]
    public void SweepsHaveTicksAtTheirValuesAndAreLogarithmicWhereTheySpanMuch()
    {
        XElement wide = Sweep(1, 10, 100), narrow = Sweep(1, 2, 4);
        Assert.Equal(["1", "10", "100"], Of(wide, "text", "tick").Select(tick => tick.Value).TakeLast(3));
        Assert.Equal("0,300 500,150 1000,0", (string?)Of(wide, "polyline", "s1 curve").Single().Attribute("points"));
        Assert.Equal("0,300 333.33,150 1000,0", (string?)Of(narrow, "polyline", "s1 curve").Single().Attribute("points"));
        Assert.Equal("b, rank 10: 1.00", Markers(wide).ElementAt(4).Value);
        Assert.Equal("Score along rank: a 0.00 at 1, 1.00 at 10, 2.00 at 100; b 0.00 at 1, 1.00 at 10, 2.00 at 100.", (string?)wide.Attribute("aria-label"));

        static XElement Sweep(params double[] values)
        {
            (double, IReadOnlyList<double>)[] points = [.. values.Select((value, i) => (value, (IReadOnlyList<double>)[i])).Reverse()]; // in any order
            ReportModel model = ReportSamples.Of(new VariantResult("a", 1, [ReportSamples.Seed(1, 5)])) with
            {
                Sweep = new Sweep("rank", [new SweepCurve("a", points), new SweepCurve("b", points)]),
            };
            return new ReportPage(model).OfClass("div", "curves").Single().Element("svg")!;
        }
    }

    [Fact]
    public void ASingleSeedHasNoBandAndASinglePointIsDrawn()
    {
        var page = new ReportPage(ReportSamples.Of(new VariantResult("a", 1, [ReportSamples.Seed(1, 5, [(10, 5)])])));
        Assert.Empty(page.OfClass("polygon", "band"));
        Assert.Equal("500,150", (string?)page.OfClass("polyline", "curve").Single().Attribute("points"));
    }

    [Fact]
    public void LongCurvesAreDrawnWholeAndListedInPart()
    {
        (long, double)[] curve = Enumerable.Range(0, 1001).Select(i => ((long)i, (double)i)).ToArray();
        var page = new ReportPage(ReportSamples.Of(new VariantResult("a", 1, [ReportSamples.Seed(1, 5, curve)])));
        Assert.Equal(1001, ((string?)page.OfClass("polyline", "curve").Single().Attribute("points"))!.Split(' ').Length);
        XElement table = page.All("table").Single(table => table.Element("caption")!.Value.EndsWith("50 of 1001 steps measured"));
        string[] steps = table.Element("tbody")!.Elements("tr").Select(row => row.Element("th")!.Value).ToArray();
        Assert.Equal((50, "0", "1,000"), (steps.Distinct().Count(), steps[0], steps[^1]));
    }

    [Fact]
    public void LongNamesFitAPhone()
    {
        const string name = "adapter / matmul-expand / rank 64 / patch tokens";
        var page = new ReportPage(ReportSamples.Of(new VariantResult(name, 1, [ReportSamples.Seed(1, 5)])));
        XElement label = page.OfClass("text", "major").First();
        Assert.Equal("adapter / mat…patch tokens", label.FirstNode!.ToString());
        Assert.Equal(name, label.Element("title")!.Value);
        Assert.Equal("long", (string?)page.OfClass("table", "results").Descendants("th").Single(th => th.Value == name).Attribute("class"));
    }

    private static IEnumerable<XElement> Of(XElement plot, string name, string kind) =>
        plot.Descendants(name).Where(element => (string?)element.Attribute("class") == kind);

    private static IEnumerable<XElement> Markers(XElement plot) => plot.Descendants("svg").Where(svg => svg.Elements("path").Any());
}
