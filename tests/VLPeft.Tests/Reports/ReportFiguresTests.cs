using System.Xml.Linq;
using VLPeft.Cli.Reports;
using Xunit;

namespace VLPeft.Tests.Reports;

public sealed class ReportFiguresTests
{
    [Fact]
    public void MeanDeviationAndPairedDifferenceAreThoseOfTheSeeds()
    {
        IReadOnlyList<VariantResult> variants = ReportSamples.Two().Variants;
        Assert.Equal(51, variants[0].Mean, 1e-12);
        Assert.Equal(Math.Sqrt(2), variants[0].StandardDeviation!.Value, 1e-12);
        PairedDifference difference = variants[1].DifferenceTo(variants[0])!;
        Assert.Equal((11.0, 2), (difference.Mean, difference.Seeds));
        Assert.Equal(Math.Sqrt(2), difference.StandardDeviation!.Value, 1e-12);
    }

    [Fact]
    public void DifferencesPairSeedsByNumber()
    {
        var reference = new VariantResult("a", 1, [ReportSamples.Seed(1, 10), ReportSamples.Seed(2, 20), ReportSamples.Seed(3, 90)]);
        var variant = new VariantResult("b", 1, [ReportSamples.Seed(2, 25), ReportSamples.Seed(1, 11), ReportSamples.Seed(4, 0)]);
        Assert.Equal(new PairedDifference(3, Math.Sqrt(8), 2), variant.DifferenceTo(reference));
        Assert.Null(new VariantResult("c", 1, [ReportSamples.Seed(9, 1)]).DifferenceTo(reference));
        Assert.Equal(new PairedDifference(0, null, 1), new VariantResult("d", 1, [ReportSamples.Seed(3, 90)]).DifferenceTo(reference));
    }

    [Fact]
    public void TableHoldsTheFigures()
    {
        var page = new ReportPage(ReportSamples.Two());
        Assert.Equal(
            [
                ["none", "51.00 ± 1.41", "–", "50.00", "52.00", "21,146"],
                ["multiply", "62.00 ± 2.83", "+11.00 ± 1.41", "60.00", "64.00", "21,146"],
                ["Baselines"],
                ["majority", "14.60", "The most frequent answer."],
            ],
            page.Body("results"));
        Assert.Equal(
            ["Variant", "Mean ± sd", "Difference to none (points)", "Seed 1", "Seed 2", "Trainable parameters"],
            page.OfClass("table", "results").Elements("thead").Descendants("th").Select(th => th.Value));
    }

    [Fact]
    public void SeedsThatAVariantLacksAreMarked()
    {
        var page = new ReportPage(ReportSamples.Of(
            new VariantResult("a", 1, [ReportSamples.Seed(1, 3)]), new VariantResult("b", 1, [ReportSamples.Seed(7, 1)])));
        Assert.Equal([["a", "3.00", "–", "3.00", "–", "1"], ["b", "1.00", "n/a", "–", "1.00", "1"]], page.Body("results"));
    }

    [Fact]
    public void OneSeedHasNoDeviation()
    {
        var page = new ReportPage(ReportSamples.Of(
            new VariantResult("a", 1, [ReportSamples.Seed(7, 30.126)]), new VariantResult("b", 1, [ReportSamples.Seed(7, 28)])));
        Assert.Equal([["a", "30.13", "–", "1"], ["b", "28.00", "\u22122.13", "1"]], page.Body("results"));
        Assert.DoesNotContain("±", page.Text);
        Assert.Contains("seed 7", page.OfClass("table", "results").Elements("caption").Single().Value);
        Assert.Empty(page.OfClass("line", "sd"));
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    [InlineData(double.NegativeInfinity)]
    public void WhatIsNoNumberIsShownAsMissingAndNotDrawn(double score)
    {
        ReportModel two = ReportSamples.Two();
        var page = new ReportPage(two with
        {
            Variants =
            [
                two.Variants[0],
                new VariantResult("lost", 1, [ReportSamples.Seed(1, score, [(100, score)]), ReportSamples.Seed(2, 60, [(100, 1)])]),
            ],
            Baselines = [new BaselineResult("unknown", score, "")],
        });
        string[][] rows = page.Body("results");
        Assert.Equal(["lost", "n/a", "n/a", "n/a", "60.00", "1"], rows[1]);
        Assert.Equal(["unknown", "n/a", ""], rows[3]);
        string[] drawn = page.All("svg").DescendantsAndSelf().Attributes()
            .Where(attribute => attribute.Name.LocalName != "aria-label").Select(attribute => attribute.Value).ToArray();
        Assert.DoesNotContain(drawn, value => value.Contains("NaN") || value.Contains('∞'));
        Assert.Single(page.OfClass("polyline", "curve"));
    }

    [Fact]
    public void GroupsAreMeansOverSeedsShadedByRank()
    {
        var page = new ReportPage(ReportSamples.Two());
        Assert.Equal([["color", "61.00", "72.00"], ["count", "41.00", "52.00"]], page.Body("heat"));
        Assert.Equal(["--h:0.65", "--h:1", "--h:0", "--h:0.35"],
            page.OfClass("table", "heat").Descendants("td").Select(cell => (string?)cell.Attribute("style")));
    }

    [Fact]
    public void GroupsThatAVariantLacksAreMarked()
    {
        SeedResult seed = ReportSamples.Seed(1, 5);
        var page = new ReportPage(ReportSamples.Of(
            new VariantResult("a", 1, [seed with { PerGroup = new Dictionary<string, double> { ["x"] = 1 } }]),
            new VariantResult("b", 1, [seed with { PerGroup = new Dictionary<string, double> { ["w"] = double.NaN, ["x"] = 1 } }])));
        Assert.Equal([["w", "–", "–"], ["x", "1.00", "1.00"]], page.Body("heat"));
    }

    [Fact]
    public void DecimalsAndUnitAreTheReports()
    {
        ReportModel model = ReportSamples.Of(new VariantResult("a", 1, [ReportSamples.Seed(1, 0.12345), ReportSamples.Seed(2, -0.00004)]));
        var page = new ReportPage(model with { Decimals = 3, Unit = "nats" });
        Assert.Equal(["a", "0.062 ± 0.087", "–", "0.123", "0.000", "1"], page.Body("results").Single());
        Assert.Contains("Difference to a (nats)", page.All("th").Select(th => th.Value));
    }

    [Fact]
    public void AnswersAreMarkedByMoreThanColour()
    {
        var page = new ReportPage(ReportSamples.Two());
        Assert.Equal([["none", "blue", "40.0\u202F%"], ["multiply", "red", "92.5\u202F%"]], page.Body("answers"));
        Assert.Equal(["wrong: ", "right: "], page.OfClass("svg", "mark").Select(mark => (string?)mark.Attribute("aria-label")));
        Assert.Equal(2, page.OfClass("svg", "mark").Elements("path").Select(path => (string?)path.Attribute("d")).Distinct().Count());
        Assert.Equal("Expected: red", page.OfClass("p", "truth").Single().Value);
    }

    [Fact]
    public void CaptionsHaveNeitherQuestionNorMarkNorProbability()
    {
        var page = new ReportPage(ReportSamples.Captions());
        Assert.Empty(page.All("h4"));
        Assert.Empty(page.OfClass("svg", "mark"));
        Assert.Equal(["some other", "a dog"], page.Body("answers").Single());
    }

    [Theory]
    [InlineData(64, true)]
    [InlineData(65, false)]
    public void PicturesAreInsideAndSmallOnesKeepTheirPixels(int size, bool pixels)
    {
        byte[] image = ReportSamples.Png(size);
        var page = new ReportPage(ReportSamples.Two() with { Pictures = [new PictureExample(image, "image/png", "a thing", [])] });
        XElement img = page.All("img").Single();
        Assert.Equal($"data:image/png;base64,{Convert.ToBase64String(image)}", (string?)img.Attribute("src"));
        Assert.Equal(((int?)size, (int?)(size / 2)), ((int?)img.Attribute("width"), (int?)img.Attribute("height")));
        Assert.Equal(pixels, page.OfClass("img", "pixels").Any());
    }

    [Fact]
    public void APictureOfUnknownSizeIsShownAsItIs()
    {
        var page = new ReportPage(ReportSamples.Two() with { Pictures = [new PictureExample([1, 2, 3], "image/x", "a thing", [])] });
        Assert.Equal("data:image/x;base64,AQID", (string?)page.All("img").Single().Attribute("src"));
        Assert.Null(page.All("img").Single().Attribute("width"));
    }
}
