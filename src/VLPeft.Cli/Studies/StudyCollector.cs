using System.Globalization;
using VLPeft.Cli.Reports;
using VLPeft.Cli.Reports.Runs;
using VLPeft.Experiments;
using VLPeft.Studies;

namespace VLPeft.Cli.Studies;

/// <summary>Reads the runs' own files; every number comes from there.</summary>
internal sealed class StudyCollector(StudyPlan plan, IReadOnlyList<double?> ownRates)
{
    private readonly Dictionary<string, ItemScores> _items = [];

    public IReportedTask Task { get; } = ReportedTasks.Of(plan.Cell(0, null, 0).Recipe.Task);

    /// <summary>Every variant at its own rate, or all at the recipe's.</summary>
    public IReadOnlyList<VariantResults> Variants(bool own) =>
        [.. plan.Variants.Select((variant, index) => Of(variant, index, own))];

    /// <summary>A variant's tested runs as reports have them.</summary>
    public VariantResult Reported(int variant, bool own)
    {
        EvaluatedRun[] runs = [.. Tested(variant, own).Select(cell => EvaluatedRun.Open(cell.Files.Folder, Split.Test))];
        return new VariantResult(plan.Variants[variant].Name, runs.FirstOrDefault()?.TrainableParameters ?? 0, [.. runs.Select(run => run.Result)]);
    }

    /// <summary>The runs that went wrong.</summary>
    public IReadOnlyList<StudyFailure> Failures(IReadOnlyDictionary<string, string> errors) =>
    [
        .. Enumerable.Range(0, plan.Variants.Count)
            .SelectMany(variant => plan.Tuning(variant).Concat(plan.Runs(variant, null)).Concat(plan.Runs(variant, ownRates[variant])))
            .DistinctBy(cell => cell.Key).Where(cell => errors.ContainsKey(cell.Key))
            .Select(cell => new StudyFailure(plan.Variants[cell.Variant].Name, cell.Rate, cell.Seed, cell.Files.Folder, errors[cell.Key])),
    ];

    private VariantResults Of(StudyVariant variant, int index, bool own)
    {
        VariantResult result = Reported(index, own);
        return new VariantResults(
            variant.Name, variant.Values.ToDictionary(one => one.Axis, one => one.Value), plan.Runs(index, own ? ownRates[index] : null)[0].Rate,
            ValidationByRate(index), result.TrainableParameters, result.Seeds.Count == 0 ? null : result.Mean, result.StandardDeviation,
            [.. result.Seeds.Select(seed => new StudySeed(seed.Seed, seed.Score, seed.RunFolder))], DifferenceOf(variant, index, own));
    }

    private Dictionary<string, double> ValidationByRate(int variant) => plan.Tuning(variant).Where(cell => cell.IsTrained).GroupBy(cell => cell.Rate)
        .ToDictionary(rate => rate.Key.ToString(CultureInfo.InvariantCulture), rate => rate.Average(cell => EvaluatedRun.ValidationOf(cell.Files, cell.Recipe)));

    private StudyDifference? DifferenceOf(StudyVariant variant, int index, bool own)
    {
        int reference = plan.Study.ReferenceOf(variant);
        return reference != index && PairedBootstrap.Difference(Items(index, own), Items(reference, own)) is { } interval
            ? new StudyDifference(plan.Variants[reference].Name, interval.Mean, interval.Low, interval.High, interval.Seeds)
            : null;
    }

    private Dictionary<long, ItemScores> Items(int variant, bool own) => Tested(variant, own).ToDictionary(cell => cell.Seed, ItemsOf);

    private ItemScores ItemsOf(StudyCell cell) => _items.TryGetValue(cell.Key, out ItemScores? items)
        ? items
        : _items[cell.Key] = Task.Items(cell.Files, cell.Recipe, Split.Test);

    private IEnumerable<StudyCell> Tested(int variant, bool own) => plan.Runs(variant, own ? ownRates[variant] : null).Where(cell => cell.IsTested);
}
