using System.Xml.Linq;
using static VLPeft.Cli.Reports.Html;

namespace VLPeft.Cli.Reports;

/// <summary>Pieces that the report's tables share.</summary>
internal static class Tables
{
    /// <summary>A wide table scrolls by itself on a small screen, also from the keyboard.</summary>
    public static XElement Scrolled(string label, XElement table) =>
        Tag("div", Class("scroll"), Attr("role", "region"), Attr("aria-label", label), Attr("tabindex", "0"), table);

    /// <summary>A caption that stays in sight while its table scrolls.</summary>
    public static XElement Caption(string text) => Tag("caption", Tag("span", text));

    public static XElement Column(string text, string? kind = null) => Header("col", kind, text);

    /// <summary>A column's heading for screen readers only, where the eye needs none.</summary>
    public static XElement UnseenColumn(string text) => Header("col", null, Tag("span", Class("unseen"), text));

    public static XElement Row(object content, string? kind = null) => Header("row", kind, content);

    public static XElement Number(string text) => Tag("td", Class("num"), text);

    /// <summary>Keys and values; null when there are none.</summary>
    public static XElement? KeyValues(string caption, IReadOnlyList<(string Key, string Value)> pairs) => pairs.Count == 0
        ? null
        : Tag("div", Class("box"), Tag("table", Class("pairs"), Tag("caption", Class("unseen"), caption),
            Tag("tbody", pairs.Select(pair => Tag("tr", Row(pair.Key), Tag("td", pair.Value))))));

    private static XElement Header(string scope, string? kind, object content) =>
        Tag("th", Attr("scope", scope), kind is null ? null : Class(kind), content);
}
