namespace VLPeft.Cli.Reports;

internal static class Statistics
{
    public static double Mean(double[] values) => values.Length == 0 ? double.NaN : values.Average();

    public static double? SampleDeviation(double[] values)
    {
        if (values.Length < 2)
            return null;
        double mean = Mean(values);
        return Math.Sqrt(values.Sum(value => (value - mean) * (value - mean)) / (values.Length - 1));
    }
}
