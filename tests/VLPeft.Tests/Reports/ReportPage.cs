using System.Text.RegularExpressions;
using System.Xml.Linq;
using VLPeft.Cli.Reports;

namespace VLPeft.Tests.Reports;

/// <summary>A rendered page, parsed as the XML that it is.</summary>
internal sealed partial class ReportPage
{
    public ReportPage(ReportModel model)
    {
        Text = HtmlReport.Render(model);
        Document = XDocument.Parse(Text);
    }

    public string Text { get; }

    public XDocument Document { get; }

    public IEnumerable<XElement> All(string name) => Document.Descendants(name);

    public IEnumerable<XElement> OfClass(string name, string kind) =>
        All(name).Where(element => ((string?)element.Attribute("class") ?? "").Split(' ').Contains(kind));

    /// <summary>The texts of a table's body, row by row.</summary>
    public string[][] Body(string kind) => OfClass("table", kind).Single().Elements("tbody").SelectMany(body => body.Elements("tr"))
        .Select(row => row.Elements().Select(cell => cell.Value).ToArray()).ToArray();

    /// <summary>Elements written without a closing tag.</summary>
    public IEnumerable<string> SelfClosed() => SelfClosing().Matches(Text).Select(match => match.Groups[1].Value).Distinct();

    [GeneratedRegex("<([a-zA-Z]+)(?:\\s[^<>]*)?/>")]
    private static partial Regex SelfClosing();
}
