using System.Xml.Linq;
using static VLPeft.Cli.Reports.Html;

namespace VLPeft.Cli.Reports;

/// <summary>A table of a report's own, beside those that every report has.</summary>
/// <param name="Title">Its heading.</param>
/// <param name="Caption">What it shows, in a sentence.</param>
/// <param name="Columns">The columns' headings; the first column names the rows.</param>
/// <param name="Rows">The cells, row by row.</param>
public sealed record ReportTable(string Title, string Caption, IReadOnlyList<string> Columns, IReadOnlyList<IReadOnlyList<string>> Rows)
{
    internal IEnumerable<XElement> Render()
    {
        yield return Tag("h3", Title);
        yield return Tables.Scrolled(Title, Tag("table", Class("results"),
            Tables.Caption(Caption),
            Tag("thead", Tag("tr", Columns.Select((column, index) => Tables.Column(column, index == 0 ? null : "num")))),
            Tag("tbody", Rows.Select(row => Tag("tr", row.Select((cell, index) => index == 0 ? Tables.Row(cell) : Tables.Number(cell)))))));
    }
}
