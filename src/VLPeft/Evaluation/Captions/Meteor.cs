using VLPeft.Evaluation.Captions.Meteors;

namespace VLPeft.Evaluation.Captions;

/// <summary>
/// METEOR 1.5 (Denkowski and Lavie, WMT 2014) for English as the official caption evaluation runs it (<c>-l en -norm</c>): exact, stem,
/// synonym and paraphrase matches, tuned for ranking. It needs the official program's data and is never approximated without them.
/// </summary>
public sealed class Meteor
{
    private readonly MeteorData _data;

    private Meteor(MeteorData data) => _data = data;

    /// <summary>Reads the data of the official program.</summary>
    /// <param name="folder">Holds <c>meteor-1.5.jar</c> and <c>data/paraphrase-en.gz</c>.</param>
    /// <exception cref="InvalidInputException">One of them is missing or damaged.</exception>
    public static Meteor Open(string folder) => new(MeteorData.Open(folder));

    /// <summary>
    /// Scores tokenized captions. A picture has the score of the reference that fits best; the score of the set comes from the sum of all
    /// counts and is not the mean of the pictures.
    /// </summary>
    public CaptionMetric Score(IReadOnlyList<CaptionExample> examples)
    {
        MeteorSegment[] segments = Segments([.. examples.Select(example => example with { Candidate = Cleaned(example.Candidate) })]);
        return new CaptionMetric(
            MeteorStatistics.Sum(segments.Select(segment => segment.Statistics)).Score(MeteorParameters.Ranking),
            [.. segments.Select(segment => segment.Score)]);
    }

    /// <summary>A line as the normalizer leaves it.</summary>
    internal string Normalize(string line) => _data.Normalizer.Normalize(line);

    internal MeteorSegment[] Segments(
        IReadOnlyList<CaptionExample> examples, MeteorModules modules = MeteorModules.All, MeteorParameters? parameters = null)
    {
        CaptionExample[] normalized = [.. examples.AsParallel().AsOrdered().Select(example => new CaptionExample(
            example.ImageId, Prepare(example.Candidate), [.. example.References.Select(Prepare)]))];
        var lexicon = new MeteorLexicon(_data, normalized.SelectMany(example => example.References.Prepend(example.Candidate)));
        MeteorParaphrases? paraphrases = modules.HasFlag(MeteorModules.Paraphrase) ? new MeteorParaphrases(_data.Paraphrases, lexicon) : null;
        var matcher = new MeteorMatcher(modules, paraphrases);
        var segments = new MeteorSegment[normalized.Length];
        Parallel.For(0, segments.Length, i => segments[i] = Segment(normalized[i], lexicon, matcher, parameters ?? MeteorParameters.Ranking));
        return segments;
    }

    private string Prepare(string line) => Ptb.PtbText.Lower(Normalize(line));

    private static MeteorSegment Segment(CaptionExample example, MeteorLexicon lexicon, MeteorMatcher matcher, MeteorParameters parameters)
    {
        MeteorWord[] hypothesis = lexicon.WordsOf(example.Candidate);
        MeteorSegment? best = null;
        for (int i = 0; i < example.References.Count; i++)
        {
            MeteorWord[] reference = lexicon.WordsOf(example.References[i]);
            MeteorAlignment alignment = MeteorAligner.Align(matcher.Match(hypothesis, reference), hypothesis.Length);
            MeteorStatistics statistics = MeteorStatistics.Of(hypothesis, reference, alignment);
            double score = statistics.Score(parameters);
            if (best is null || score > best.Score)
                best = new MeteorSegment(score, statistics, i, alignment);
        }
        return best!;
    }

    // The official wrapper keeps its separator out of the candidate.
    private static string Cleaned(string candidate) =>
        candidate.Replace("|||", "", StringComparison.Ordinal).Replace("  ", " ", StringComparison.Ordinal);
}

/// <summary>A candidate against the reference that fits best.</summary>
/// <param name="Score">Its score.</param>
/// <param name="Statistics">The counts.</param>
/// <param name="Reference">Which reference.</param>
/// <param name="Alignment">What matches what.</param>
internal sealed record MeteorSegment(double Score, MeteorStatistics Statistics, int Reference, MeteorAlignment Alignment);
