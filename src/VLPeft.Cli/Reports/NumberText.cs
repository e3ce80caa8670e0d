namespace VLPeft.Cli.Reports;

/// <summary>How a report writes its numbers.</summary>
internal sealed class NumberText(ReportModel model)
{
    public const string Missing = "n/a";
    private readonly string _format = $"F{model.Decimals}";

    /// <summary>The unit after a number; a per cent sign with a thin space before it.</summary>
    public string Unit { get; } = model.Unit.Length == 0 ? "" : $"\u202F{model.Unit}";

    /// <summary>The unit for a heading: " (%)".</summary>
    public string InHeading { get; } = model.Unit.Length == 0 ? "" : $" ({model.Unit})";

    /// <summary>The unit of a difference for a heading: differences of percentages are points.</summary>
    public string DifferenceInHeading { get; } =
        model.Unit switch { "" => "", "%" => " (points)", string unit => $" ({unit})" };

    public string Score(double value) => double.IsFinite(value) ? Signed(value.ToString(_format)) : Missing;

    /// <summary>A difference: with its sign, also when it is a plus.</summary>
    public string Plus(double value) => value > 0 ? $"+{Score(value)}" : Score(value);

    public string MeanAndDeviation(double mean, double? deviation) =>
        deviation is { } sd && double.IsFinite(sd) ? $"{Score(mean)} ± {Score(sd)}" : Score(mean);

    public string Difference(PairedDifference? difference)
    {
        if (difference is null || !double.IsFinite(difference.Mean))
            return Missing;
        string text = MeanAndDeviation(difference.Mean, difference.StandardDeviation);
        return difference.Mean > 0 ? $"+{text}" : text;
    }

    public static string Count(long value) => Signed(value.ToString("N0"));

    /// <summary>A probability in per cent; null when there is none.</summary>
    public static string? Probability(double value) => double.IsFinite(value) ? $"{value * 100:F1}\u202F%" : null;

    /// <summary>A minus as wide as the plus, and none before a number that is rounded to zero.</summary>
    private static string Signed(string number)
    {
        if (!number.StartsWith('-'))
            return number;
        return number.AsSpan(1).ContainsAnyExcept("0.,") ? $"\u2212{number.AsSpan(1)}" : number[1..];
    }
}
