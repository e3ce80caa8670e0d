namespace VLPeft.Cli.Reports;

/// <summary>All that a report of a comparison shows. Scores, sds and differences are in <paramref name="Unit"/>.</summary>
/// <param name="Title">The page's heading.</param>
/// <param name="Summary">One paragraph in plain text: what was compared, and the finding in measured numbers.</param>
/// <param name="Setting">What all variants have in common, in the order shown.</param>
/// <param name="Variants">The variants compared, at least one; the first is the one that the others are compared with.</param>
/// <param name="Baselines">Reference scores that bound what a variant's score means; may be empty.</param>
/// <param name="Pictures">Answered pictures; may be empty.</param>
/// <param name="AuditText">What is matched, routed and trained, as plain text; may be empty.</param>
/// <param name="Machine">Where and how long it ran; may be empty.</param>
/// <param name="Command">The command that makes these numbers again.</param>
/// <param name="MetricName">The metric's name inside a sentence, as "VQA accuracy".</param>
/// <param name="Unit">The scores' unit, as "%"; empty when they have none.</param>
public sealed record ReportModel(
    string Title,
    string Summary,
    IReadOnlyList<(string Key, string Value)> Setting,
    IReadOnlyList<VariantResult> Variants,
    IReadOnlyList<BaselineResult> Baselines,
    IReadOnlyList<PictureExample> Pictures,
    string AuditText,
    IReadOnlyList<(string Key, string Value)> Machine,
    string Command,
    string MetricName,
    string Unit)
{
    /// <summary>What <see cref="SeedResult.PerGroup"/> is grouped by, inside a sentence: "question type" unless set.</summary>
    public string GroupName { get; init; } = "question type";

    /// <summary>Tables of the report's own, behind the results.</summary>
    public IReadOnlyList<ReportTable> Tables { get; init; } = [];

    /// <summary>Differences with intervals, drawn behind the scores; null when there are none.</summary>
    public DifferenceResults? Differences { get; init; }

    /// <summary>Scores along a number that was varied, drawn behind the scores; null when none was.</summary>
    public Sweep? Sweep { get; init; }

    /// <summary>How many decimals scores have: 2 unless set, from 0 to 9.</summary>
    public int Decimals { get; init; } = 2;
}

/// <summary>A reference score beside the variants: a guess that learns nothing, or a model that is denied something.</summary>
/// <param name="Name">The baseline's name, as "text only".</param>
/// <param name="Score">Its score, in the report's unit; NaN when it was not measured.</param>
/// <param name="Explanation">How it is computed, in a sentence or two.</param>
public sealed record BaselineResult(string Name, double Score, string Explanation);
