namespace VLPeft.Evaluation.Captions.Meteors;

/// <summary>METEOR's ways of matching words, in the order in which they are tried.</summary>
[Flags]
internal enum MeteorModules
{
    Exact = 1,
    Stem = 2,
    Synonym = 4,
    Paraphrase = 8,
    All = Exact | Stem | Synonym | Paraphrase,
}

/// <summary>The formula's numbers.</summary>
/// <param name="Alpha">The weight of recall against precision.</param>
/// <param name="Beta">The exponent of fragmentation.</param>
/// <param name="Gamma">The weight of fragmentation.</param>
/// <param name="Delta">The weight of content words against function words.</param>
/// <param name="Weights">Of exact, stem, synonym and paraphrase matches.</param>
internal sealed record MeteorParameters(double Alpha, double Beta, double Gamma, double Delta, IReadOnlyList<double> Weights)
{
    /// <summary>English, tuned for ranking: what the official caption evaluation uses.</summary>
    public static MeteorParameters Ranking { get; } = new(0.85, 0.2, 0.6, 0.75, [1, 0.6, 0.8, 0.6]);
}
