using System.Xml.Linq;
using VLPeft.Checkpoints;
using static VLPeft.Cli.Reports.Html;

namespace VLPeft.Cli.Reports;

/// <summary>
/// A report of a comparison as one HTML page that needs nothing beside itself: style, plots (SVG) and pictures (data URIs) are inside,
/// and a content security policy keeps a browser from fetching anything. No script.
/// </summary>
public static class HtmlReport
{
    private const string Policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";

    /// <summary>Writes the page to <paramref name="path"/>, whole or not at all.</summary>
    /// <inheritdoc cref="Render" path="/exception"/>
    /// <exception cref="IOException">The file can't be written.</exception>
    public static void Write(string path, ReportModel model) => AtomicFile.WriteText(path, Render(model));

    /// <summary>The page's text: HTML that is well-formed XML too, the same for the same model.</summary>
    /// <exception cref="ArgumentException">
    /// No variant, two of the same name, a seed twice in a variant, or a picture whose MIME type is not an image's.
    /// </exception>
    public static string Render(ReportModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        Check(model);
        (string Id, string Title, object?[] Content)[] sections = Sections(model, new NumberText(model))
            .Where(section => section.Content.Any(part => part is not null)).ToArray();
        return Page(Tag("html", Attr("lang", "en"), "\n", Head(model), "\n",
            Tag("body", "\n",
                Tag("header", Tag("h1", model.Title), Tag("p", Class("summary"), model.Summary),
                    Tag("nav", Attr("aria-label", "Sections"),
                        Tag("ul", sections.Select(section => Tag("li", Tag("a", Attr("href", $"#{section.Id}"), section.Title)))))),
                "\n",
                Tag("main", sections.Select(section => new object[] { "\n", Section(section.Id, section.Title, section.Content) })),
                "\n")));
    }

    private static IEnumerable<(string Id, string Title, object?[] Content)> Sections(ReportModel model, NumberText numbers)
    {
        var curves = new CurvePlot(model, numbers);
        var groups = new GroupTable(model, numbers);
        yield return ("results", "Results", [
            new ResultTable(model, numbers).Render(),
            Tag("div", Class("plots"),
                Figure("Scores", ScoresCaption(model), new ScorePlot(model, numbers).Render()),
                model.Differences is { Rows.Count: > 0 } differences
                    ? Figure("Differences", differences.Caption, new DifferencePlot(differences.Rows, model, numbers).Render()) : null,
                Along(model, numbers),
                curves.IsEmpty ? null : Figure("Learning curves", curves.Caption, curves.Render())),
            curves.IsEmpty ? null : curves.Values()]);
        yield return ("comparisons", "Comparisons", [.. model.Tables.SelectMany(table => table.Render())]);
        yield return ("groups", $"By {model.GroupName}", [groups.IsEmpty ? null : groups.Render()]);
        yield return ("pictures", "Pictures", [.. new PictureCards(model).Render()]);
        yield return ("setting", "Setting", [Tables.KeyValues("Setting", model.Setting), Audit(model)]);
        yield return ("again", "Run it again", [
            model.Command.Length == 0 ? null : Code("The command that makes this report", model.Command, "command"), Runs(model),
            Tables.KeyValues("Machine", model.Machine)]);
    }

    private static XElement? Along(ReportModel model, NumberText numbers)
    {
        if (model.Sweep is not { } sweep)
            return null;
        var plot = new SweepPlot(sweep, model, numbers);
        return Figure($"Along {sweep.Name}", plot.Caption, plot.Render());
    }

    private static string ScoresCaption(ReportModel model) =>
        (model.Variants.Any(variant => variant.Seeds.Count > 1)
            ? "A marker for each seed, an upright stroke for the mean, a bar of one sd to both sides"
            : "A marker for each variant")
        + (model.Baselines.Count == 0 ? "." : "; baselines are dashed.");

    private static XElement Head(ReportModel model) => Tag("head", "\n",
        Tag("meta", Attr("charset", "utf-8")), "\n",
        Tag("meta", Attr("name", "viewport"), Attr("content", "width=device-width, initial-scale=1")), "\n",
        Tag("meta", Attr("http-equiv", "Content-Security-Policy"), Attr("content", Policy)), "\n",
        Tag("meta", Attr("name", "color-scheme"), Attr("content", "light dark")), "\n",
        Tag("link", Attr("rel", "icon"), Attr("href", "data:,")), "\n",
        Tag("title", model.Title), "\n",
        Tag("style", "\n" + ReportStyle.Css));

    private static XElement Section(string id, string title, object?[] content) =>
        Tag("section", Attr("id", id), Attr("aria-labelledby", $"{id}-title"), Tag("h2", Attr("id", $"{id}-title"), title), content);

    private static XElement Figure(string title, string caption, object content) =>
        Tag("figure", Class("panel"), Tag("figcaption", Tag("h3", title), Tag("p", caption)), content);

    private static XElement? Audit(ReportModel model) => model.AuditText.Length == 0
        ? null
        : Tag("details", Tag("summary", "What is matched, routed and trained"), Code("Audit", model.AuditText));

    private static XElement Code(string label, string text, string? kind = null) =>
        Tag("pre", kind is null ? null : Class(kind), Attr("tabindex", "0"), Attr("role", "region"), Attr("aria-label", label),
            Tag("code", text));

    private static XElement? Runs(ReportModel model)
    {
        XElement[] rows = model.Variants
            .SelectMany(variant => variant.Seeds.Where(seed => seed.RunFolder.Length > 0).Select(seed => Tag("tr",
                Tables.Row(variant.Name), Tables.Number(seed.Seed.ToString()), Tag("td", Tag("code", seed.RunFolder)))))
            .ToArray();
        return rows.Length == 0
            ? null
            : Tag("details", Tag("summary", "Where each run's files are"), Tables.Scrolled("Run folders", Tag("table",
                Tag("caption", Class("unseen"), "Run folders"),
                Tag("thead", Tag("tr", Tables.Column("Variant"), Tables.Column("Seed", "num"), Tables.Column("Folder"))),
                Tag("tbody", rows))));
    }

    private static void Check(ReportModel model)
    {
        if (model.Variants.Count == 0)
            throw new ArgumentException("A report needs at least one variant.", nameof(model));
        if (model.Variants.CountBy(variant => variant.Name).FirstOrDefault(name => name.Value > 1) is { Key: { } twice })
            throw new ArgumentException($"A report's variants need names of their own; '{twice}' comes twice.", nameof(model));
        foreach (VariantResult variant in model.Variants)
        {
            if (variant.Seeds.CountBy(seed => seed.Seed).FirstOrDefault(seed => seed.Value > 1) is { Value: > 1 } seed)
                throw new ArgumentException($"Variant '{variant.Name}' has seed {seed.Key} twice.", nameof(model));
        }
    }
}
