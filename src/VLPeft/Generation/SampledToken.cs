using VLPeft.Data;

namespace VLPeft.Generation;

/// <summary>A token drawn by its probability after temperature, top-k and top-p.</summary>
internal sealed class SampledToken(SamplingOptions options) : ITokenChoice
{
    private readonly TopScores _best = new(options.TopK ?? 1);
    private readonly List<(int Token, double Weight)> _kept = [];

    public int Choose(ReadOnlySpan<float> scores, DeterministicRandom random)
    {
        _best.Find(scores);
        if (_best.Count == 0)
            return -1;
        Keep(scores, _best.Scores[0], options.TopK is null ? float.MinValue : _best.Scores[^1]);
        double total = _kept.Sum(one => one.Weight);
        if (options.TopP < 1)
            total = KeepNucleus(total);
        return Draw(random.NextDouble() * total);
    }

    // Weights relative to the likeliest token's.
    private void Keep(ReadOnlySpan<float> scores, float highest, float lowest)
    {
        _kept.Clear();
        for (int token = 0; token < scores.Length; token++)
            if (scores[token] >= lowest)
                _kept.Add((token, Math.Exp((scores[token] - highest) / options.Temperature)));
    }

    // A token stays while those likelier than it don't reach p together.
    private double KeepNucleus(double total)
    {
        _kept.Sort((a, b) => a.Weight == b.Weight ? a.Token.CompareTo(b.Token) : b.Weight.CompareTo(a.Weight));
        double reached = 0;
        int count = 0;
        while (count < _kept.Count && reached < options.TopP * total)
            reached += _kept[count++].Weight;
        _kept.RemoveRange(count, _kept.Count - count);
        return reached;
    }

    private int Draw(double point)
    {
        foreach ((int token, double weight) in _kept)
        {
            point -= weight;
            if (point < 0)
                return token;
        }
        return _kept.FindLast(one => one.Weight > 0).Token; // what rounding left over
    }
}
