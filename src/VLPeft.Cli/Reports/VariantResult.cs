namespace VLPeft.Cli.Reports;

/// <summary>One of the compared variants, over its seeds.</summary>
/// <param name="Name">The variant's name, as "multiply".</param>
/// <param name="TrainableParameters">How many numbers it trains.</param>
/// <param name="Seeds">One result for each seed; no seed twice.</param>
public sealed record VariantResult(string Name, long TrainableParameters, IReadOnlyList<SeedResult> Seeds)
{
    /// <summary>Mean score over the seeds; NaN without seeds, or when a score is NaN.</summary>
    public double Mean => Statistics.Mean(Seeds.Select(seed => seed.Score).ToArray());

    /// <summary>Sample standard deviation (n − 1) over the seeds; null below two seeds.</summary>
    public double? StandardDeviation => Statistics.SampleDeviation(Seeds.Select(seed => seed.Score).ToArray());

    /// <summary>How far this variant is above <paramref name="reference"/>, seed by seed; null when they share no seed.</summary>
    public PairedDifference? DifferenceTo(VariantResult reference)
    {
        ArgumentNullException.ThrowIfNull(reference);
        double[] differences = Seeds
            .Join(reference.Seeds, ours => ours.Seed, theirs => theirs.Seed, (ours, theirs) => ours.Score - theirs.Score)
            .ToArray();
        return differences.Length == 0
            ? null
            : new PairedDifference(Statistics.Mean(differences), Statistics.SampleDeviation(differences), differences.Length);
    }
}

/// <summary>What one seed's run gave.</summary>
/// <param name="Seed">The seed.</param>
/// <param name="Score">The final score, in the report's unit; NaN when it has none.</param>
/// <param name="Validation">The score on validation data while training; may be empty.</param>
/// <param name="PerGroup">The final score for each group of examples, as question types; may be empty.</param>
/// <param name="RunFolder">Where the run's files are.</param>
public sealed record SeedResult(
    long Seed, double Score, IReadOnlyList<CurvePoint> Validation, IReadOnlyDictionary<string, double> PerGroup, string RunFolder);

/// <summary>A point of a learning curve.</summary>
/// <param name="Step">Optimizer steps taken.</param>
/// <param name="Score">The score then, in the report's unit.</param>
public readonly record struct CurvePoint(long Step, double Score);

/// <summary>The difference of two variants over the seeds that both have.</summary>
/// <param name="Mean">Mean of the differences.</param>
/// <param name="StandardDeviation">Their sample standard deviation; null for a single seed.</param>
/// <param name="Seeds">How many seeds both have.</param>
public sealed record PairedDifference(double Mean, double? StandardDeviation, int Seeds);
