namespace VLPeft.Training;

/// <summary>Which way a metric gets better.</summary>
public enum MetricDirection
{
    /// <summary>A loss.</summary>
    LowerIsBetter,

    /// <summary>An accuracy.</summary>
    HigherIsBetter,
}

/// <summary>One number of an evaluation.</summary>
/// <param name="Name">Its name, of letters, digits, '-', '_', '.' and '/'.</param>
/// <param name="Value">Its value; NaN never counts as an improvement.</param>
/// <param name="Direction">Which way it gets better.</param>
public sealed record Metric(string Name, double Value, MetricDirection Direction)
{
    /// <summary>True when this value is better than <paramref name="other"/> by more than <paramref name="minimum"/>.</summary>
    public bool IsBetterThan(double other, double minimum = 0) => Direction == MetricDirection.LowerIsBetter
        ? Value < other - minimum
        : Value > other + minimum;
}

/// <summary>What an evaluation found: metrics by name.</summary>
public sealed class EvaluationResult
{
    /// <summary>A result of these metrics.</summary>
    /// <exception cref="ArgumentException">A name is there twice.</exception>
    public EvaluationResult(params IReadOnlyList<Metric> metrics)
    {
        if (metrics.DistinctBy(metric => metric.Name).Count() != metrics.Count)
            throw new ArgumentException("A metric is there twice.", nameof(metrics));
        Metrics = metrics;
    }

    /// <summary>The metrics, the most important first.</summary>
    public IReadOnlyList<Metric> Metrics { get; }

    /// <summary>The metric of that name, or null.</summary>
    public Metric? Find(string name) => Metrics.FirstOrDefault(metric => metric.Name == name);

    /// <summary>A metric where lower is better, e.g. <c>EvaluationResult.Loss(0.3)</c>.</summary>
    public static Metric Loss(double value) => new("loss", value, MetricDirection.LowerIsBetter);

    /// <summary>The accuracy, where higher is better.</summary>
    public static Metric Accuracy(double value) => new("accuracy", value, MetricDirection.HigherIsBetter);
}
