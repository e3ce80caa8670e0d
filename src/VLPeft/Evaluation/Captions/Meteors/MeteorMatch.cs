namespace VLPeft.Evaluation.Captions.Meteors;

/// <summary>Words of the reference that match words of the hypothesis.</summary>
/// <param name="Start">The first word of the reference.</param>
/// <param name="Length">How many words of the reference.</param>
/// <param name="HypothesisStart">The first word of the hypothesis.</param>
/// <param name="HypothesisLength">How many words of the hypothesis.</param>
/// <param name="Module">0 exact, 1 stem, 2 synonym, 3 paraphrase.</param>
internal readonly record struct MeteorMatch(int Start, int Length, int HypothesisStart, int HypothesisLength, int Module)
{
    public int Distance => Math.Abs(Start - HypothesisStart);

    public bool Overlaps(MeteorMatch other) =>
        (Start < other.Start + other.Length && other.Start < Start + Length)
        || (HypothesisStart < other.HypothesisStart + other.HypothesisLength && other.HypothesisStart < HypothesisStart + HypothesisLength);
}

/// <summary>The alignment of a hypothesis with a reference.</summary>
/// <param name="Matches">By reference position.</param>
/// <param name="Chunks">Runs of matches that are neighbours on both sides.</param>
internal sealed record MeteorAlignment(IReadOnlyList<MeteorMatch> Matches, int Chunks);
