namespace VLPeft.Cli.Reports;

/// <summary>How far variants are above the ones that they are compared with, in the report's unit.</summary>
/// <param name="Caption">What is compared with what, and what the interval is, in a sentence.</param>
/// <param name="Rows">One for each comparison; may be empty.</param>
public sealed record DifferenceResults(string Caption, IReadOnlyList<DifferenceResult> Rows);

/// <summary>One comparison.</summary>
/// <param name="Name">The variant.</param>
/// <param name="To">The variant that it is compared with.</param>
/// <param name="Mean">The difference.</param>
/// <param name="Low">The interval's lower end.</param>
/// <param name="High">The interval's upper end.</param>
public sealed record DifferenceResult(string Name, string To, double Mean, double Low, double High);
