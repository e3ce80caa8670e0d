using System.Collections.Immutable;

namespace VLPeft.Generation;

/// <summary>
/// How a decoder's logits become token sequences: greedy by default, beam search with <see cref="Beams"/> above 1, sampling with
/// <see cref="Sampling"/>. The semantics are those of <c>generate</c> in transformers 4.29.2.
/// </summary>
/// <remarks>
/// A sequence begins with a start token: the decoder start token of an encoder-decoder, or the end-of-text token of a decoder behind a
/// visual prefix, where it is never fed. Every length here counts it, and so does the length penalty; the repetition rules see it.
/// </remarks>
public sealed record GenerationOptions
{
    /// <summary>The token every sequence begins with (bos_token_id or decoder_start_token_id).</summary>
    public required long StartId { get; init; }

    /// <summary>The token that ends a sequence (eos_token_id); null when only the length does.</summary>
    public long? EndId { get; init; }

    /// <summary>Tokens of a sequence, the start token included, at least 2 (max_length).</summary>
    public int MaxLength { get; init; } = 20;

    /// <summary>The end token can't come before there are so many, the start token included (min_length).</summary>
    public int MinLength { get; init; }

    /// <summary>Beams an image, at least 1 (num_beams).</summary>
    public int Beams { get; init; } = 1;

    /// <summary>Sequences an image (num_return_sequences): at most the number of beams, any number when sampling.</summary>
    public int ReturnedSequences { get; init; } = 1;

    /// <summary>A finished beam's log-probability is divided by length ^ penalty: above 0 favours longer sequences (length_penalty).</summary>
    public double LengthPenalty { get; init; } = 1;

    /// <summary>When beam search ends (early_stopping).</summary>
    public EarlyStopping EarlyStopping { get; init; }

    /// <summary>No run of so many tokens comes twice; 0 for no such rule (no_repeat_ngram_size).</summary>
    public int NoRepeatNgram { get; init; }

    /// <summary>Above 1 makes tokens that were there less likely; above 0, 1 for no such rule (repetition_penalty).</summary>
    public double RepetitionPenalty { get; init; } = 1;

    /// <summary>The token that must follow the start token (forced_bos_token_id).</summary>
    public long? ForcedFirstId { get; init; }

    /// <summary>The token that must come last when the largest length is reached (forced_eos_token_id).</summary>
    public long? ForcedLastId { get; init; }

    /// <summary>Tokens that never come (suppress_tokens).</summary>
    public ImmutableArray<long> SuppressedIds { get; init; } = [];

    /// <summary>Null to take the likeliest token.</summary>
    public SamplingOptions? Sampling { get; init; }

    /// <summary>Checks every option that needs no vocabulary.</summary>
    /// <exception cref="InvalidInputException">An option is out of its range, or two of them contradict each other.</exception>
    public void Validate()
    {
        Check(MaxLength >= 2, "max-length", "at least 2, the start token included", MaxLength);
        Check(MinLength >= 0 && MinLength <= MaxLength, "min-length", $"0 … max-length ({MaxLength})", MinLength);
        Check(Beams >= 1, "beams", "at least 1", Beams);
        Check(ReturnedSequences >= 1, "returned-sequences", "at least 1", ReturnedSequences);
        Check(double.IsFinite(LengthPenalty), "length-penalty", "a finite number", LengthPenalty);
        Check(Enum.IsDefined(EarlyStopping), "early-stopping", string.Join(", ", Enum.GetNames<EarlyStopping>()), EarlyStopping);
        Check(NoRepeatNgram >= 0, "no-repeat-ngram", "at least 1, or 0 for no such rule", NoRepeatNgram);
        Check(double.IsFinite(RepetitionPenalty) && RepetitionPenalty > 0, "repetition-penalty", "a number above 0", RepetitionPenalty);
        Check(!SuppressedIds.IsDefault, "suppressed-ids", "a list, empty for none", null);
        if (Sampling is null)
            Check(ReturnedSequences <= Beams, "returned-sequences", $"at most the number of beams ({Beams}) unless tokens are sampled", ReturnedSequences);
        else
            Check(Beams == 1, "beams", "1 when tokens are sampled", Beams);
        Sampling?.Validate();
    }

    /// <summary>Checks the token ids against a vocabulary.</summary>
    /// <exception cref="InvalidInputException">An id is not in it.</exception>
    internal void ValidateIds(long vocabulary, IEnumerable<long> prompts)
    {
        Check(vocabulary >= 2, "vocabulary", "at least 2 tokens", vocabulary);
        CheckId("start-id", StartId);
        CheckId("end-id", EndId);
        CheckId("forced-first-id", ForcedFirstId);
        CheckId("forced-last-id", ForcedLastId);
        foreach (long id in SuppressedIds)
            CheckId("suppressed-ids", id);
        foreach (long id in prompts)
            CheckId("prompts", id);

        void CheckId(string key, long? id) => Check(id is null || (id >= 0 && id < vocabulary), key, $"an id of the vocabulary, 0 … {vocabulary - 1}", id);
    }

    internal static void Check(bool holds, string key, string expected, object? got)
    {
        if (!holds)
            throw new InvalidInputException($"generation: {key}: expected {expected}, got {got ?? "nothing"}.");
    }
}
