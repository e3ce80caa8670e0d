namespace VLPeft.Cli.Reports;

/// <summary>A linear axis with ticks at round numbers.</summary>
internal sealed class Axis
{
    private const int MaximumSteps = 6;
    private readonly int _decimals;

    /// <summary>An axis with ticks at the multiples <paramref name="first"/> to <paramref name="last"/> of a step.</summary>
    private Axis(double from, double to, double step, double first, double last)
    {
        From = from;
        To = to;
        _decimals = Math.Clamp((int)-Math.Floor(Math.Log10(step)), 0, 9);
        Ticks = Enumerable.Range(0, (int)(last - first) + 1).Select(i => (first + i) * step).ToArray();
    }

    public double From { get; }

    public double To { get; }

    public IReadOnlyList<double> Ticks { get; }

    /// <summary>An axis from the round number below all values to that above; what is not finite is ignored.</summary>
    public static Axis Around(IEnumerable<double> values)
    {
        (double from, double to) = Range(values);
        double step = Step(to - from);
        double first = Math.Floor(from / step + 1e-9);
        double last = Math.Ceiling(to / step - 1e-9);
        return new Axis(first * step, last * step, step, first, last);
    }

    /// <summary>An axis that ends where the values do.</summary>
    public static Axis Within(IEnumerable<double> values)
    {
        (double from, double to) = Range(values);
        double step = Step(to - from);
        return new Axis(from, to, step, Math.Ceiling(from / step - 1e-9), Math.Floor(to / step + 1e-9));
    }

    /// <summary>Where a value lies: 0 at the axis' start, 1 at its end.</summary>
    public double Place(double value) => (value - From) / (To - From);

    public string Label(double tick) => tick.ToString($"N{_decimals}").Replace('-', '\u2212');

    private static (double From, double To) Range(IEnumerable<double> values)
    {
        double[] finite = values.Where(double.IsFinite).ToArray();
        if (finite.Length == 0)
            return (0, 1);
        (double from, double to) = (finite.Min(), finite.Max());
        // Values that no label could tell apart get some room around them.
        double smallest = Math.Max(1e-8, 1e-8 * Math.Max(Math.Abs(from), Math.Abs(to)));
        double margin = to - from > smallest ? 0 : Math.Max(Math.Abs(from) * 0.05, 0.5);
        return (from - margin, to + margin);
    }

    private static double Step(double span)
    {
        double rough = span / MaximumSteps;
        double power = Math.Pow(10, Math.Floor(Math.Log10(rough)));
        return power * new[] { 1.0, 2, 5, 10 }.First(factor => factor * power >= rough * (1 - 1e-9));
    }
}
