namespace VLPeft.Evaluation.Captions.Meteors;

/// <summary>
/// METEOR's choice among all matches: a beam search over the reference for the most matched words, then the fewest chunks, then the
/// shortest distances. Its quirks decide on scores and are kept: see <see cref="Extend"/>.
/// </summary>
internal sealed class MeteorAligner
{
    private const int Beam = 40;

    // With more successors than this the best are picked early; the order of equal ones stays.
    private const int Crowd = 1000;

    private const int None = -1;

    private readonly List<MeteorMatch>[] _matches;
    private readonly MeteorMatch?[] _fixed;
    private readonly bool[] _usedReference;
    private readonly bool[] _usedHypothesis;

    private MeteorAligner(List<MeteorMatch>[] matches, int hypothesisLength)
    {
        _matches = matches;
        _fixed = new MeteorMatch?[matches.Length];
        _usedReference = new bool[matches.Length];
        _usedHypothesis = new bool[hypothesisLength];
        FixWhatHasNoAlternative();
    }

    /// <param name="matches">For each word of the reference the matches that start there, in the order in which they are tried.</param>
    /// <param name="hypothesisLength">Words of the hypothesis.</param>
    public static MeteorAlignment Align(List<MeteorMatch>[] matches, int hypothesisLength) =>
        new MeteorAligner(matches, hypothesisLength).Search();

    private void FixWhatHasNoAlternative()
    {
        int[] reference = new int[_usedReference.Length], hypothesis = new int[_usedHypothesis.Length];
        foreach (MeteorMatch match in _matches.SelectMany(all => all))
        {
            foreach (ref int covered in reference.AsSpan(match.Start, match.Length))
                covered++;
            foreach (ref int covered in hypothesis.AsSpan(match.HypothesisStart, match.HypothesisLength))
                covered++;
        }
        foreach (List<MeteorMatch> all in _matches)
        {
            if (all is [MeteorMatch only]
                && !reference.AsSpan(only.Start, only.Length).ContainsAnyExcept(1)
                && !hypothesis.AsSpan(only.HypothesisStart, only.HypothesisLength).ContainsAnyExcept(1))
            {
                _fixed[only.Start] = only;
                _usedReference.AsSpan(only.Start, only.Length).Fill(true);
                _usedHypothesis.AsSpan(only.HypothesisStart, only.HypothesisLength).Fill(true);
            }
        }
    }

    private MeteorAlignment Search()
    {
        List<Path> paths = [new Path()];
        for (int position = 0; position < _matches.Length; position++)
        {
            List<Path> next = [];
            foreach (Path path in Best(paths))
                Extend(path, position, next);
            paths = next;
        }
        List<Path> complete = Best(paths);
        complete.ForEach(path => path.EndRun());
        Path best = Best(complete)[0];
        return new MeteorAlignment([.. best.Matches().Reverse()], best.Chunks);
    }

    private static List<Path> Best(List<Path> paths) => [.. paths.Order(Path.BestFirst).Take(Beam)]; // stable

    /// <summary>
    /// All that can follow a path at a position. The official program adds a new match's distance to the path it came from, after that was
    /// copied; so a successor carries the distances of the matches tried before it here instead of its own.
    /// </summary>
    private void Extend(Path path, int position, List<Path> next)
    {
        if (path.Position > position)
        {
            next.Add(path); // within a longer match
            return;
        }
        if (_fixed[position] is MeteorMatch only)
        {
            path.Take(only);
            path.Distance += only.Distance;
            next.Add(path);
            return;
        }
        foreach (MeteorMatch match in _matches[position])
        {
            if (IsUsed(match) || path.Uses(match))
                continue;
            Path successor = path.Copy();
            successor.Take(match);
            next.Add(successor);
            path.Distance += match.Distance;
            if (next.Count == Crowd)
            {
                List<Path> best = Best(next);
                next.Clear();
                next.AddRange(best);
            }
        }
        path.EndRun();
        path.Position++;
        next.Add(path);
    }

    private bool IsUsed(MeteorMatch match) =>
        _usedReference.AsSpan(match.Start, match.Length).Contains(true)
        || _usedHypothesis.AsSpan(match.HypothesisStart, match.HypothesisLength).Contains(true);

    /// <summary>A way through the reference up to some position.</summary>
    private sealed class Path
    {
        private Link? _last;
        private int _hypothesisWeight;
        private int _referenceWeight;
        private int _runEnd = None; // where the hypothesis must go on for the run to last

        public static Comparer<Path> BestFirst { get; } = Comparer<Path>.Create((one, other) =>
        {
            int order = (other._hypothesisWeight + other._referenceWeight).CompareTo(one._hypothesisWeight + one._referenceWeight);
            if (order == 0)
                order = one.Chunks.CompareTo(other.Chunks);
            return order == 0 ? one.Distance.CompareTo(other.Distance) : order;
        });

        public int Position { get; set; }

        public int Chunks { get; private set; }

        public long Distance { get; set; }

        public Path Copy() => (Path)MemberwiseClone();

        public bool Uses(MeteorMatch match)
        {
            for (Link? link = _last; link is not null; link = link.Before)
            {
                if (link.Match.Overlaps(match))
                    return true;
            }
            return false;
        }

        public void Take(MeteorMatch match)
        {
            // Cut to integers after every match, so that one word that is not equal counts nothing.
            double weight = match.Module == 0 ? 1 : 0.5;
            _hypothesisWeight = (int)(_hypothesisWeight + weight * match.HypothesisLength);
            _referenceWeight = (int)(_referenceWeight + weight * match.Length);
            if (_runEnd != None && _runEnd != match.HypothesisStart)
                Chunks++;
            _runEnd = match.HypothesisStart + match.HypothesisLength;
            Position = match.Start + match.Length;
            _last = new Link(match, _last);
        }

        public void EndRun()
        {
            if (_runEnd != None)
                Chunks++;
            _runEnd = None;
        }

        public IEnumerable<MeteorMatch> Matches()
        {
            for (Link? link = _last; link is not null; link = link.Before)
                yield return link.Match;
        }

        private sealed record Link(MeteorMatch Match, Link? Before);
    }
}
