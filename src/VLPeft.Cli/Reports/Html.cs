using System.Text;
using System.Xml;
using System.Xml.Linq;

namespace VLPeft.Cli.Reports;

/// <summary>
/// Elements of a page that is HTML and well-formed XML at once. Text reaches the page only as XML nodes, so nothing from data can be
/// taken for markup.
/// </summary>
internal static class Html
{
    private static readonly HashSet<string> Void = ["meta", "link", "img", "br", "hr", "col"];
    private static readonly HashSet<string> Graphics = ["path", "line", "rect", "polyline", "polygon"];

    /// <summary>An element; <paramref name="content"/> is text, attributes, elements, sequences of these, or null.</summary>
    public static XElement Tag(string name, params object?[] content)
    {
        var element = new XElement(name);
        foreach (object? part in content)
            Add(element, part);
        // HTML knows no <td/>: only void elements and graphics may be written without a closing tag.
        if (element.IsEmpty && !Void.Contains(name) && !Graphics.Contains(name))
            element.Add(string.Empty);
        return element;
    }

    public static XAttribute Attr(string name, string value) => new(name, Clean(value));

    public static XAttribute Attr(string name, double value) => new(name, Coordinate(value));

    public static XAttribute Class(string names) => new("class", names);

    /// <summary>A coordinate with two decimals at most: finer than a pixel, and short.</summary>
    public static string Coordinate(double value) => Math.Round(value, 2).ToString("0.##");

    /// <summary>A share of the width, as SVG lengths are written.</summary>
    public static string Percent(double share) => $"{Coordinate(share * 100)}%";

    /// <summary>A name from inside a sentence, as the start of one.</summary>
    public static string Sentence(string text) => text.Length == 0 ? text : char.ToUpperInvariant(text[0]) + text[1..];

    public static string Page(XElement root)
    {
        var text = new StringBuilder("<!DOCTYPE html>\n");
        var settings = new XmlWriterSettings { OmitXmlDeclaration = true, NewLineChars = "\n", CheckCharacters = true };
        using (XmlWriter writer = XmlWriter.Create(text, settings))
            root.Save(writer);
        return text.Append('\n').ToString();
    }

    private static void Add(XElement element, object? part)
    {
        switch (part)
        {
            case null:
                break;
            case string text:
                element.Add(Clean(text));
                break;
            case IEnumerable<object?> parts:
                foreach (object? inner in parts)
                    Add(element, inner);
                break;
            default:
                element.Add(part);
                break;
        }
    }

    /// <summary>Puts U+FFFD for what XML can't hold (control characters, halves of surrogate pairs).</summary>
    private static string Clean(string text)
    {
        StringBuilder? clean = null;
        for (int i = 0; i < text.Length; i++)
        {
            if (i + 1 < text.Length && XmlConvert.IsXmlSurrogatePair(text[i + 1], text[i]))
                i++;
            else if (!XmlConvert.IsXmlChar(text[i]))
                (clean ??= new StringBuilder(text))[i] = '\uFFFD';
        }
        return clean?.ToString() ?? text;
    }
}
