using System.Xml.Linq;
using static VLPeft.Cli.Reports.Html;

namespace VLPeft.Cli.Reports;

/// <summary>The figures: variants with their seeds and the paired difference to the first one; baselines apart, below.</summary>
internal sealed class ResultTable(ReportModel model, NumberText numbers)
{
    private const int LongName = 24; // characters

    private readonly long[] _seeds = model.Variants.SelectMany(variant => variant.Seeds).Select(seed => seed.Seed).Distinct().ToArray();

    /// <summary>Columns of single seeds: a lone seed's score is in the mean's column already.</summary>
    private long[] SeedColumns => _seeds.Length > 1 ? _seeds : [];

    public XElement Render() => Tables.Scrolled("Results by variant", Tag("table", Class("results"),
        Tables.Caption(Caption()),
        Tag("thead", Tag("tr",
            Tables.Column("Variant"), Tables.Column(_seeds.Length > 1 ? "Mean ± sd" : "Score", "num"),
            Tables.Column($"Difference to {model.Variants[0].Name}{numbers.DifferenceInHeading}", "num"),
            SeedColumns.Select(seed => Tables.Column($"Seed {seed}", "num")), Tables.Column("Trainable parameters", "num"))),
        Tag("tbody", model.Variants.Select(Variant)),
        Baselines()));

    private string Caption()
    {
        string scores = $"{Html.Sentence(model.MetricName)}{numbers.InHeading}";
        return _seeds.Length switch
        {
            0 => $"{scores}.",
            1 => $"{scores}, seed {_seeds[0]}.",
            _ => $"{scores}. ± is the sample standard deviation over seeds; differences are taken seed by seed.",
        };
    }

    private XElement Variant(VariantResult variant, int index) => Tag("tr",
        Tables.Row(new[] { Series.Swatch(index), Tag("span", variant.Name) }, variant.Name.Length > LongName ? "long" : null),
        Tag("td", Class("num"), Tag("strong", numbers.MeanAndDeviation(variant.Mean, variant.StandardDeviation))),
        Tables.Number(index == 0 ? "–" : numbers.Difference(variant.DifferenceTo(model.Variants[0]))),
        SeedColumns.Select(seed => Tables.Number(
            variant.Seeds.FirstOrDefault(result => result.Seed == seed) is { } result ? numbers.Score(result.Score) : "–")),
        Tables.Number(NumberText.Count(variant.TrainableParameters)));

    private XElement? Baselines() => model.Baselines.Count == 0
        ? null
        : Tag("tbody", Class("baselines"),
            Tag("tr", Tag("th", Attr("scope", "rowgroup"), Attr("colspan", 4 + SeedColumns.Length), "Baselines")),
            model.Baselines.Select(baseline => Tag("tr",
                Tables.Row(baseline.Name), Tables.Number(numbers.Score(baseline.Score)),
                Tag("td", Attr("colspan", 2 + SeedColumns.Length), Tag("div", Class("explanation"), baseline.Explanation)))));
}
