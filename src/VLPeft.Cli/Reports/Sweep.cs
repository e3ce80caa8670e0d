namespace VLPeft.Cli.Reports;

/// <summary>Final scores along a number that was varied.</summary>
/// <param name="Name">What was varied, as "rank".</param>
/// <param name="Curves">One for each combination of what else was varied, at least one.</param>
public sealed record Sweep(string Name, IReadOnlyList<SweepCurve> Curves);

/// <summary>One curve of a <see cref="Sweep"/>.</summary>
/// <param name="Name">What else was varied, as "multiply".</param>
/// <param name="Points">Values, each with the scores of its seeds, at least one.</param>
public sealed record SweepCurve(string Name, IReadOnlyList<(double Value, IReadOnlyList<double> Scores)> Points);
