using System.Xml.Linq;
using static VLPeft.Cli.Reports.Html;

namespace VLPeft.Cli.Reports;

/// <summary>The mean score of each variant in each group of examples, the stronger shaded the higher.</summary>
internal sealed class GroupTable
{
    private readonly ReportModel _model;
    private readonly NumberText _numbers;
    private readonly string[] _groups;
    private readonly double[][] _means; // group, variant
    private readonly double _lowest;
    private readonly double _highest;

    public GroupTable(ReportModel model, NumberText numbers)
    {
        (_model, _numbers) = (model, numbers);
        _groups = model.Variants.SelectMany(variant => variant.Seeds).SelectMany(seed => seed.PerGroup.Keys)
            .Distinct().Order(StringComparer.Ordinal).ToArray();
        _means = _groups.Select(group => model.Variants.Select(variant => Mean(variant, group)).ToArray()).ToArray();
        double[] finite = _means.SelectMany(row => row).Where(double.IsFinite).DefaultIfEmpty(0).ToArray();
        (_lowest, _highest) = (finite.Min(), finite.Max());
    }

    public bool IsEmpty => _groups.Length == 0;

    public XElement Render() => Tables.Scrolled($"Results by {_model.GroupName}", Tag("table", Class("heat"),
        Tables.Caption($"Mean over seeds{_numbers.InHeading}; the stronger the shade, the higher."),
        Tag("thead", Tag("tr", Tables.Column(Sentence(_model.GroupName)),
            _model.Variants.Select(variant => Tables.Column(variant.Name, "num")))),
        Tag("tbody", _groups.Select((group, i) => Tag("tr", Tables.Row(group), _means[i].Select(Cell))))));

    private XElement Cell(double mean) => double.IsFinite(mean)
        ? Tag("td", Class("num"), Attr("style", $"--h:{Coordinate(_highest > _lowest ? (mean - _lowest) / (_highest - _lowest) : 0)}"),
            _numbers.Score(mean))
        : Tables.Number("–");

    private static double Mean(VariantResult variant, string group) =>
        Statistics.Mean(variant.Seeds.Where(seed => seed.PerGroup.ContainsKey(group)).Select(seed => seed.PerGroup[group]).ToArray());
}
