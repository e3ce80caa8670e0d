namespace VLPeft.Generation;

/// <summary>An open beam.</summary>
/// <param name="Tokens">So far, the start token or prompt included.</param>
/// <param name="Score">The sum of their log-probabilities under the rules.</param>
/// <param name="Row">The decoder's row that it continues.</param>
internal sealed record Beam(long[] Tokens, double Score, int Row);

/// <summary>Beam search on one image.</summary>
internal sealed class BeamImage
{
    // What transformers gives all beams but the first, so that the first step branches from one.
    private const double Unborn = -1e9;

    private readonly GenerationOptions _options;
    private readonly FinishedBeams _finished;

    /// <param name="row">The decoder's row of the image.</param>
    /// <param name="prompt">The tokens that are there.</param>
    /// <param name="options">What is searched.</param>
    public BeamImage(int row, long[] prompt, GenerationOptions options)
    {
        (_options, _finished) = (options, new FinishedBeams(options));
        Beams = [.. Enumerable.Range(0, options.Beams).Select(beam => new Beam(prompt, beam == 0 ? 0 : Unborn, row))];
    }

    /// <summary>The open beams, best first; none when the search is done.</summary>
    public IReadOnlyList<Beam> Beams { get; private set; }

    /// <summary>The decoder's rows have moved.</summary>
    /// <param name="rows">For each open beam, its row.</param>
    public void Place(IReadOnlyList<int> rows) => Beams = [.. Beams.Zip(rows, (beam, row) => beam with { Row = row })];

    /// <summary>One step: every beam goes on with its best tokens, and the best of all are kept.</summary>
    /// <param name="candidates">For each beam, its best tokens with their scores.</param>
    public void Advance(IReadOnlyList<TopScores> candidates)
    {
        // Twice as many as beams: even if each of them ended, the beams would be full.
        (double Score, int Beam, int Token)[] best = [.. All(candidates).OrderByDescending(one => one.Score).Take(2 * _options.Beams)];
        if (best.Length == 0)
        {
            Close();
            return;
        }
        List<Beam> open = [];
        for (int rank = 0; rank < best.Length && open.Count < _options.Beams; rank++)
        {
            Beam parent = Beams[best[rank].Beam];
            if (best[rank].Token != _options.EndId)
                open.Add(new Beam([.. parent.Tokens, best[rank].Token], best[rank].Score, parent.Row));
            else if (rank < _options.Beams) // an end token that no beam would have taken does not count
                _finished.Add(parent.Tokens, best[rank].Score, ended: true);
        }
        bool done = _finished.AreFinal(best[0].Score, Beams[0].Tokens.Length + 1);
        Beams = done ? [] : open;
    }

    /// <summary>Ends the search: the open beams count as they are.</summary>
    public void Close()
    {
        foreach (Beam beam in Beams)
            if (_finished.IsEmpty || beam.Score > Unborn / 2)
                _finished.Add(beam.Tokens, beam.Score, ended: false);
        Beams = [];
    }

    /// <summary>The sequences found, best first.</summary>
    /// <param name="promptLength">Tokens to leave out.</param>
    public IEnumerable<GeneratedSequence> Results(int promptLength) => _finished.Best
        .Take(_options.ReturnedSequences)
        .Select(one => new GeneratedSequence([.. one.Tokens[promptLength..]], one.Score, one.Ended));

    private IEnumerable<(double Score, int Beam, int Token)> All(IReadOnlyList<TopScores> candidates)
    {
        for (int beam = 0; beam < candidates.Count; beam++)
            for (int i = 0; i < candidates[beam].Count; i++)
                yield return (Beams[beam].Score + candidates[beam].Scores[i], beam, candidates[beam].Indices[i]);
    }
}
