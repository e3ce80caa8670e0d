using System.Xml.Linq;
using static VLPeft.Cli.Reports.Html;

namespace VLPeft.Cli.Reports;

/// <summary>How a variant is told apart in plots and tables: by colour, marker and line style, so that colour is never needed.</summary>
internal static class Series
{
    /// <summary>The first colour is the text's own: it belongs to the variant that others are compared with.</summary>
    private const int Colours = 7;
    private static readonly string?[] Dashes = [null, "9 3", "2 3", "10 3 2 3", "16 4", "5 3"];

    private static readonly string[] Markers =
    [
        "M-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0", // circle
        "M-3.6-3.6h7.2v7.2h-7.2z", // square
        "M0-4.8L4.6 3.4H-4.6z", // triangle
        "M0-5L5 0L0 5L-5 0z", // diamond
        "M0 4.8L4.6-3.4H-4.6z", // triangle on its tip
        "M-4.5-1.5H-1.5V-4.5H1.5V-1.5H4.5V1.5H1.5V4.5H-1.5V1.5H-4.5z", // plus
    ];

    public static XAttribute Class(int series, string? more = null) =>
        Html.Class($"s{series % Colours}{(more is null ? "" : $" {more}")}");

    public static XAttribute? Dash(int series) =>
        Dashes[series % Dashes.Length] is { } dash ? Attr("stroke-dasharray", dash) : null;

    /// <summary>The variant's marker at a share of the width, with a text that shows under the pointer.</summary>
    public static XElement Marker(int series, double place, double y, string text, bool small = false) =>
        // A nested drawing, since only that can be placed by a share of the width.
        Tag("svg", Attr("x", Percent(place)), Attr("y", y), Marker(series, small ? "scale(.75)" : null, text));

    /// <summary>A short piece of the variant's line with its marker, in front of its name.</summary>
    public static XElement Swatch(int series) => Swatch(series, 34,
        Tag("line", Html.Class("curve"), Attr("x1", 1), Attr("y1", 6), Attr("x2", 33), Attr("y2", 6), Dash(series)));

    /// <summary>The marker alone, where there is little room.</summary>
    public static XElement SmallSwatch(int series) => Swatch(series, 12, null);

    private static XElement Swatch(int series, int width, XElement? line) =>
        Tag("svg", Class(series, "swatch"), Attr("width", width), Attr("height", "12"), Attr("aria-hidden", "true"),
            line, Marker(series, $"translate({width / 2} 6)", null));

    private static XElement Marker(int series, string? transform, string? text) =>
        Tag("path", Html.Class("marker"), Attr("d", Markers[series % Markers.Length]),
            transform is null ? null : Attr("transform", transform), text is null ? null : Tag("title", text));
}
