using VLPeft.Generation;

namespace VLPeft.Recipes;

/// <summary>How captions are decoded in testing: beam search, or greedy with one beam (task: captioning).</summary>
public sealed record GenerationSection
{
    /// <summary>Beams a picture; 1 is greedy.</summary>
    public int Beams { get; init; } = 5;

    /// <summary>Tokens of a caption at most, a start token that is never fed counted, as transformers does.</summary>
    public int MaxLength { get; init; } = 20;

    /// <summary>Tokens of a caption at least, counted alike.</summary>
    public int MinLength { get; init; }

    /// <summary>A finished beam's log-probability is divided by length ^ penalty.</summary>
    public double LengthPenalty { get; init; } = 1;

    /// <summary>When beam search ends: heuristic, immediately or never (transformers' false, true and "never").</summary>
    public EarlyStopping EarlyStopping { get; init; } = EarlyStopping.Heuristic;

    /// <summary>No run of so many tokens comes twice; 0 for no such rule.</summary>
    public int NoRepeatNgram { get; init; }

    /// <summary>Above 1 makes tokens that were there less likely.</summary>
    public double RepetitionPenalty { get; init; } = 1;

    /// <summary>Pictures that are decoded together.</summary>
    public int BatchSize { get; init; } = 32;

    /// <summary>The options for a decoder whose texts begin and end with <paramref name="endId"/>.</summary>
    internal GenerationOptions ToOptions(long endId) => new()
    {
        StartId = endId,
        EndId = endId,
        Beams = Beams,
        MaxLength = MaxLength,
        MinLength = MinLength,
        LengthPenalty = LengthPenalty,
        EarlyStopping = EarlyStopping,
        NoRepeatNgram = NoRepeatNgram,
        RepetitionPenalty = RepetitionPenalty,
    };

    internal void Validate()
    {
        Check.That(BatchSize >= 1, "generation.batch-size", "1 or more", BatchSize);
        ToOptions(0).Validate();
    }
}
