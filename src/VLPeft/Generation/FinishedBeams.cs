namespace VLPeft.Generation;

/// <summary>The best finished sequences of one image, at most as many as beams.</summary>
internal sealed class FinishedBeams(GenerationOptions options)
{
    private readonly List<(double Score, long[] Tokens, bool Ended)> _found = [];
    private double _worst = double.PositiveInfinity;

    /// <summary>The found ones, best first.</summary>
    public IEnumerable<(double Score, long[] Tokens, bool Ended)> Best => _found.OrderBy(one => one.Score).Reverse();

    /// <summary>Whether there is none.</summary>
    public bool IsEmpty => _found.Count == 0;

    /// <param name="tokens">Start token or prompt included, without the end token.</param>
    /// <param name="logProbability">Their sum, the end token's included.</param>
    /// <param name="ended">Whether the end token came.</param>
    public void Add(long[] tokens, double logProbability, bool ended)
    {
        double score = Normalised(logProbability, tokens.Length);
        if (_found.Count >= options.Beams && score <= _worst)
            return;
        _found.Add((score, tokens, ended));
        if (_found.Count > options.Beams)
            _found.Remove(_found.MinBy(one => one.Score));
        _worst = _found.Min(one => one.Score);
    }

    /// <summary>Whether the search is done with the image.</summary>
    /// <param name="best">The log-probability of the best candidate of this step.</param>
    /// <param name="length">Of the candidates, the token of this step included.</param>
    public bool AreFinal(double best, int length) => _found.Count >= options.Beams && options.EarlyStopping switch
    {
        EarlyStopping.Immediately => true,
        EarlyStopping.Never when options.LengthPenalty > 0 => _worst >= Normalised(best, options.MaxLength),
        _ => _worst >= Normalised(best, length),
    };

    private double Normalised(double logProbability, int length) => logProbability / Math.Pow(length, options.LengthPenalty);
}
