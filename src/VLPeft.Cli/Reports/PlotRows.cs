using System.Xml.Linq;
using static VLPeft.Cli.Reports.Html;

namespace VLPeft.Cli.Reports;

/// <summary>Pieces of plots that have a row for each variant: its name and figure, and below them a track with the axis' grid.</summary>
/// <remarks>
/// All horizontal places are shares of the width, all sizes pixels: the drawing fits any screen and its text keeps its size.
/// </remarks>
internal sealed class PlotRows(Axis axis)
{
    public const int RowHeight = 50;
    public const int TrackTop = 20; // of a row, below its label
    public const int TrackHeight = 24;
    private const int LabelLength = 26; // characters that fit on a phone beside the figure

    /// <summary>Name on the left, figure on the right.</summary>
    public static XElement[] Labels(string kind, int y, string name, string value) =>
    [
        Tag("text", Class(kind), Attr("x", "0"), Attr("y", y), Short(name), name.Length > LabelLength ? Tag("title", name) : null),
        Tag("text", Class(kind), Attr("x", "100%"), Attr("y", y), Attr("text-anchor", "end"), value),
    ];

    /// <summary>The row's ground with the grid on it.</summary>
    public IEnumerable<XElement> Track(int top, int height) => axis.Ticks
        .Select(tick => Upright("grid", tick, top, height))
        .Prepend(Tag("rect", Class("track"), Attr("x", "0"), Attr("y", top), Attr("width", "100%"), Attr("height", height)));

    /// <summary>An upright stroke at a value.</summary>
    public XElement Upright(string kind, double value, int top, int height)
    {
        string x = Percent(axis.Place(value));
        return Tag("line", Class(kind), Attr("x1", x), Attr("y1", top), Attr("x2", x), Attr("y2", top + height));
    }

    /// <summary>A bar between two values, cut off where the axis ends.</summary>
    public XElement Bar(string kind, double from, double to, int y) => Tag("line", Class(kind),
        Attr("x1", Percent(Math.Clamp(axis.Place(from), 0, 1))), Attr("y1", y), Attr("x2", Percent(Math.Clamp(axis.Place(to), 0, 1))), Attr("y2", y));

    /// <summary>The axis' numbers below all rows.</summary>
    public IEnumerable<XElement> Ticks(int height) => axis.Ticks.Select(tick =>
        Tag("text", Class("tick"), Attr("x", Percent(axis.Place(tick))), Attr("y", height + 14), Attr("text-anchor", "middle"), axis.Label(tick)));

    /// <summary>A long name without its middle: variants tend to differ at the ends.</summary>
    private static string Short(string name) => name.Length <= LabelLength
        ? name
        : $"{name[..(LabelLength / 2)].TrimEnd()}…{name[^(LabelLength / 2 - 1)..].TrimStart()}";
}
