using VLPeft.Cli.Reports.Runs;
using VLPeft.Cli.Workers;
using VLPeft.Experiments;

namespace VLPeft.Cli.Studies;

/// <summary>
/// Runs what is not there yet: first the runs that choose each variant's learning rate on validation data, then those that are tested. A run
/// that fails is remembered and the others go on; one that is finished is never run again.
/// </summary>
internal sealed class StudyRun(StudyPlan plan, int workers, Action<double> progress, CancellationToken cancellation)
{
    private readonly Dictionary<string, string> _failures = [];
    private double _before;

    /// <summary>What went wrong, by the run's folder name.</summary>
    public IReadOnlyDictionary<string, string> Failures => _failures;

    /// <summary>How many runs were made now, and how many were there.</summary>
    public (int Made, int Found) Count { get; private set; }

    /// <summary>Runs the study.</summary>
    /// <returns>Each variant's own learning rate: the best on validation data, or its recipe's when there is nothing to choose.</returns>
    public IReadOnlyList<double?> Run()
    {
        int[] variants = [.. Enumerable.Range(0, plan.Variants.Count)];
        StudyCell[] tuning = [.. variants.SelectMany(plan.Tuning)];
        // Runs at the common rate are needed whatever is chosen.
        StudyCell[] common = [.. variants.SelectMany(variant => plan.Runs(variant, null))];
        Train([.. tuning.Concat(common).DistinctBy(cell => cell.Key)], upTo: plan.Study.LearningRates.Count > 0 ? 0.6 : 0.9);
        double?[] rates = [.. variants.Select(RateOf)];
        StudyCell[] tested = [.. variants.SelectMany(variant => plan.Runs(variant, rates[variant])).Concat(common).DistinctBy(cell => cell.Key)];
        Test(tested);
        progress(1);
        return rates;
    }

    private double? RateOf(int variant)
    {
        var scores = plan.Tuning(variant).Where(cell => cell.IsTrained).GroupBy(cell => cell.Rate)
            .Select(rate => (Rate: rate.Key, Score: rate.Average(cell => EvaluatedRun.ValidationOf(cell.Files, cell.Recipe)))).ToList();
        return scores.Count == 0 ? null : scores.MaxBy(one => one.Score).Rate;
    }

    private void Train(IReadOnlyList<StudyCell> cells, double upTo) => Do([.. cells.Where(cell => !cell.IsTrained)], cells.Count, split: null, upTo);

    private void Test(IReadOnlyList<StudyCell> cells) =>
        Do([.. cells.Where(cell => !cell.IsTested && !_failures.ContainsKey(cell.Key))], cells.Count, Split.Test, upTo: 1);

    private void Do(StudyCell[] open, int all, Split? split, double upTo)
    {
        StudyCell[] untrained = [.. open.Where(cell => !cell.IsTrained)];
        double[] shares = new double[open.Length];
        double before = _before;
        IReadOnlyList<string?> errors = WorkerPool.Run(
            [.. open.Select(cell => cell.Job with { Split = split, IsTrained = cell.IsTrained })], workers,
            (job, share) =>
            {
                shares[job] = share;
                progress(before + ((upTo - before) * shares.Average()));
            },
            cancellation).GetAwaiter().GetResult();
        foreach ((StudyCell cell, string? error) in open.Zip(errors))
            if (error is not null)
                _failures[cell.Key] = error;
        Count = (Count.Made + untrained.Count(cell => cell.IsTrained), Math.Max(Count.Found, all - open.Length));
        _before = upTo;
    }
}
