using System.Globalization;

namespace VLPeft.Evaluation.Captions.Meteors;

/// <summary>
/// The 23 counts of a segment, or their sums over segments: words and function words of hypothesis and reference; for each module matched
/// content words and function words of either; chunks and matched words.
/// </summary>
internal sealed class MeteorStatistics
{
    private const int Modules = 4;
    private const int Chunks = 4 + 4 * Modules;

    private readonly long[] _counts = new long[Chunks + 3];

    private MeteorStatistics() { }

    public static MeteorStatistics Of(MeteorWord[] hypothesis, MeteorWord[] reference, MeteorAlignment alignment)
    {
        var statistics = new MeteorStatistics();
        long[] counts = statistics._counts;
        counts[0] = hypothesis.Length;
        counts[1] = reference.Length;
        counts[2] = hypothesis.Count(word => word.IsFunction);
        counts[3] = reference.Count(word => word.IsFunction);
        foreach (MeteorMatch match in alignment.Matches)
        {
            int at = 4 + 4 * match.Module;
            foreach (MeteorWord word in hypothesis.AsSpan(match.HypothesisStart, match.HypothesisLength))
                counts[word.IsFunction ? at + 2 : at]++;
            foreach (MeteorWord word in reference.AsSpan(match.Start, match.Length))
                counts[word.IsFunction ? at + 3 : at + 1]++;
            counts[Chunks + 1] += match.HypothesisLength;
            counts[Chunks + 2] += match.Length;
        }
        counts[Chunks] = alignment.Chunks;
        return statistics;
    }

    /// <summary>The sums over segments. The one chunk of a segment that matches completely is left out.</summary>
    public static MeteorStatistics Sum(IEnumerable<MeteorStatistics> segments)
    {
        var sum = new MeteorStatistics();
        foreach (MeteorStatistics segment in segments)
        {
            for (int i = 0; i < sum._counts.Length; i++)
                sum._counts[i] += i == Chunks && segment.IsComplete ? 0 : segment._counts[i];
        }
        return sum;
    }

    private bool IsComplete => _counts[Chunks] == 1 && _counts[Chunks + 1] == _counts[0] && _counts[Chunks + 2] == _counts[1];

    public double Score(MeteorParameters parameters)
    {
        double precision = Share(parameters, 0), recall = Share(parameters, 1);
        double mean = 1 / ((1 - parameters.Alpha) / precision + parameters.Alpha / recall);
        double fragmentation = IsComplete ? 0 : _counts[Chunks] / ((_counts[Chunks + 1] + _counts[Chunks + 2]) / 2.0);
        double score = mean * (1 - parameters.Gamma * Math.Pow(fragmentation, parameters.Beta));
        return score > 0 ? score : 0; // NaN too
    }

    /// <summary>As the official program writes it.</summary>
    public override string ToString() =>
        string.Join(' ', _counts.Select(count => ((double)count).ToString("0.0", CultureInfo.InvariantCulture)));

    /// <summary>The weighted share of matched words of the hypothesis (0) or the reference (1).</summary>
    private double Share(MeteorParameters parameters, int side)
    {
        double matched = 0;
        for (int module = 0; module < parameters.Weights.Count; module++)
        {
            int at = 4 + 4 * module + side;
            matched += parameters.Weights[module] * Weighted(parameters, _counts[at], _counts[at + 2]);
        }
        return matched / Weighted(parameters, _counts[side] - _counts[side + 2], _counts[side + 2]);
    }

    private static double Weighted(MeteorParameters parameters, long content, long function) =>
        parameters.Delta * content + (1 - parameters.Delta) * function;
}
