using System.Text;
using System.Xml.Linq;
using VLPeft.Cli.Reports;
using Xunit;

namespace VLPeft.Tests.Reports;

public sealed class HtmlReportTests
{
    private readonly ReportPage _page = new(ReportSamples.Two());

    [Fact]
    public void IsHtmlAndXmlAtOnce()
    {
        Assert.StartsWith("<!DOCTYPE html>\n<html lang=\"en\">", _page.Text);
        Assert.Equal("utf-8", (string?)_page.All("meta").First().Attribute("charset"));
        // HTML takes <td/> for an opened <td>; only void elements and graphics may close themselves.
        Assert.Empty(_page.SelfClosed().Except(["meta", "link", "img", "path", "line", "rect", "polyline", "polygon"]));
        // A browser doesn't undo XML's escapes inside of a style.
        Assert.DoesNotContain(ReportStyle.Css, "<>&".Contains);
    }

    [Fact]
    public void NeedsNothingFromOutside()
    {
        Assert.DoesNotContain("http://", _page.Text);
        Assert.DoesNotContain("https://", _page.Text);
        Assert.DoesNotContain("url(", _page.Text);
        Assert.DoesNotContain("@import", _page.Text);
        Assert.Empty(_page.All("script"));
        string[] references = _page.Document.Descendants().Attributes()
            .Where(attribute => attribute.Name.LocalName is "src" or "href" or "srcset" or "data" or "action")
            .Select(attribute => attribute.Value).ToArray();
        Assert.NotEmpty(references);
        Assert.All(references, reference => Assert.True(reference.StartsWith("data:") || reference.StartsWith('#'), reference));
        Assert.StartsWith("default-src 'none'", (string?)_page.All("meta").Single(
            meta => (string?)meta.Attribute("http-equiv") == "Content-Security-Policy").Attribute("content"));
    }

    [Fact]
    public void CanBeReadWithoutEyes()
    {
        Assert.All(_page.All("img"), img => Assert.NotEmpty((string?)img.Attribute("alt") ?? ""));
        Assert.All(_page.All("svg").Where(svg => svg.Ancestors("svg").FirstOrDefault() is null), svg => Assert.True(
            (string?)svg.Attribute("aria-hidden") == "true"
            || ((string?)svg.Attribute("role") == "img" && !string.IsNullOrEmpty((string?)svg.Attribute("aria-label"))), svg.ToString()));
        Assert.All(_page.All("th"), th => Assert.True((string?)th.Attribute("scope") is "col" or "row" or "rowgroup"));
        Assert.All(_page.All("table"), table => Assert.Single(table.Elements("caption")));
        int[] levels = _page.Document.Descendants().Select(element => element.Name.LocalName)
            .Where(name => name.Length == 2 && name[0] == 'h' && char.IsDigit(name[1])).Select(name => name[1] - '0').ToArray();
        Assert.Equal(1, levels[0]);
        Assert.Single(levels, 1);
        Assert.All(levels.Zip(levels.Skip(1)), pair => Assert.True(pair.Second <= pair.First + 1));
    }

    [Fact]
    public void LinksLeadToSections()
    {
        string[] ids = _page.Document.Descendants().Attributes("id").Select(id => id.Value).ToArray();
        Assert.Equal(ids.Distinct(), ids);
        string[] links = _page.All("a").Select(link => ((string?)link.Attribute("href"))![1..]).ToArray();
        Assert.Equal(["results", "groups", "pictures", "setting", "again"], links);
        Assert.Subset(ids.ToHashSet(), links.ToHashSet());
    }

    [Fact]
    public void ShowsWhatIsGiven()
    {
        ReportModel model = ReportSamples.Two();
        Assert.Equal(model.Title, _page.All("h1").Single().Value);
        Assert.Equal(model.Title, _page.Document.Root!.Element("head")!.Element("title")!.Value);
        Assert.Equal(model.Summary, _page.OfClass("p", "summary").Single().Value);
        Assert.Equal([model.AuditText, model.Command], _page.All("pre").Select(pre => pre.Value));
        Assert.Equal(model.Setting.Concat(model.Machine), _page.OfClass("table", "pairs").Elements("tbody").Elements("tr")
            .Select(row => (row.Element("th")!.Value, row.Element("td")!.Value)));
        Assert.Equal(4, _page.All("code").Count(code => code.Value.StartsWith("runs/")));
    }

    [Fact]
    public void LeavesOutWhatIsNotThere()
    {
        var page = new ReportPage(ReportSamples.Of(new VariantResult("only", 0, [])));
        Assert.Equal(["results"], page.All("main").Elements("section").Select(section => (string?)section.Attribute("id")));
        Assert.Empty(page.OfClass("tbody", "baselines"));
        Assert.Single(page.All("figure"));
        Assert.Equal(["only", "n/a", "–", "0"], Assert.Single(page.Body("results")));
    }

    [Fact]
    public void TextNeverBecomesMarkup()
    {
        const string odd = "<b>&amp;\"'</b>]]><!-- \u0001 \ud800 😀 --></style></title>";
        string shown = odd.Replace('\u0001', '\uFFFD').Replace('\ud800', '\uFFFD');
        ReportModel two = ReportSamples.Two();
        var page = new ReportPage(two with
        {
            Title = odd,
            Summary = odd,
            Setting = [(odd, odd)],
            Variants = [two.Variants[0], two.Variants[1] with { Name = odd }],
            Baselines = [new BaselineResult(odd, 1, odd)],
            Pictures = [new PictureExample(ReportSamples.Png(8), "image/png", odd,
                [new QuestionExample(odd, odd, [new AnswerExample(odd, odd, 1, true)])])],
            AuditText = odd,
            Command = odd,
            MetricName = odd,
            Unit = odd,
            GroupName = odd,
        });
        Assert.Empty(page.All("b"));
        Assert.Equal(shown, page.All("h1").Single().Value);
        Assert.Equal(shown, page.All("h4").Single().Value);
        Assert.Equal(shown, (string?)page.All("img").Single().Attribute("alt"));
        Assert.Equal(shown, page.Body("results")[1][0]);
        Assert.Equal(shown, page.Body("answers").Single()[0]);
        Assert.Single(page.All("style"));
        Assert.Empty(page.Document.DescendantNodes().OfType<XComment>());
    }

    [Fact]
    public void IsTheSameEveryTime()
    {
        Assert.Equal(_page.Text, HtmlReport.Render(ReportSamples.Two()));
        Assert.DoesNotContain('\r', _page.Text);
    }

    [Fact]
    public void WritesAllOrNothing()
    {
        string folder = Directory.CreateTempSubdirectory("vlpeft-report").FullName;
        try
        {
            string path = Path.Combine(folder, "out", "report.html");
            HtmlReport.Write(path, ReportSamples.Two());
            Assert.Equal(Encoding.UTF8.GetBytes(_page.Text), File.ReadAllBytes(path));
            Assert.Throws<ArgumentException>(() => HtmlReport.Write(path, ReportSamples.Of()));
            Assert.Equal(Encoding.UTF8.GetBytes(_page.Text), File.ReadAllBytes(path));
            Assert.Single(Directory.GetFiles(Path.GetDirectoryName(path)!));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void RefusesWhatCannotBeCompared()
    {
        SeedResult seed = ReportSamples.Seed(1, 2);
        Assert.Contains("at least one variant", Refused(ReportSamples.Of()));
        Assert.Contains("'a' comes twice", Refused(ReportSamples.Of(new VariantResult("a", 1, [seed]), new VariantResult("a", 1, [seed]))));
        Assert.Contains("'a' has seed 1 twice", Refused(ReportSamples.Of(new VariantResult("a", 1, [seed, seed]))));
        Assert.Contains("'text/html'", Refused(ReportSamples.Two() with { Pictures = [new PictureExample([], "text/html", "x", [])] }));
        Assert.Throws<ArgumentNullException>(() => HtmlReport.Render(null!));
    }

    private static string Refused(ReportModel model) => Assert.Throws<ArgumentException>(() => HtmlReport.Render(model)).Message;
}
