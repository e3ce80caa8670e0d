namespace VLPeft.Cli.Reports;

/// <summary>An axis: a linear one with ticks at round numbers, or one with ticks at given values.</summary>
internal sealed class Axis
{
    private const int MaximumSteps = 6;
    private const double LogarithmicFrom = 8; // the highest value to the lowest
    private readonly Func<double, string> _label;
    private readonly Func<double, double> _scale;

    /// <summary>An axis with ticks at the multiples <paramref name="first"/> to <paramref name="last"/> of a step.</summary>
    private Axis(double from, double to, double step, double first, double last)
    {
        From = from;
        To = to;
        int decimals = Math.Clamp((int)-Math.Floor(Math.Log10(step)), 0, 9);
        _label = tick => tick.ToString($"N{decimals}");
        _scale = value => value;
        Ticks = Enumerable.Range(0, (int)(last - first) + 1).Select(i => (first + i) * step).ToArray();
    }

    private Axis(IReadOnlyList<double> ticks, Func<double, double> scale)
    {
        (From, To, Ticks) = (ticks[0], ticks[^1], ticks);
        (_label, _scale) = (Plain, scale);
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

    /// <summary>
    /// An axis whose ticks are the values themselves, from the lowest to the highest; logarithmic where they are positive and span much.
    /// </summary>
    public static Axis At(IEnumerable<double> values)
    {
        double[] ticks = [.. values.Distinct().Order()];
        if (ticks.Length < 2)
            return Within(ticks);
        return new Axis(ticks, ticks[0] > 0 && ticks[^1] / ticks[0] >= LogarithmicFrom ? Math.Log : value => value);
    }

    /// <summary>A number as it was given: "0.0015", "24,000".</summary>
    public static string Plain(double value) => value.ToString("#,0.########");

    /// <summary>Where a value lies: 0 at the axis' start, 1 at its end.</summary>
    public double Place(double value) => (_scale(value) - _scale(From)) / (_scale(To) - _scale(From));

    public string Label(double tick) => _label(tick).Replace('-', '\u2212');

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
