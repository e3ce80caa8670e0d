namespace VLPeft.Generation.Rules;

/// <summary>Changes the scores of the next token by the tokens so far: transformers' logits processors.</summary>
internal interface ITokenRule
{
    /// <param name="tokens">The sequence so far, the start token or prompt included.</param>
    /// <param name="scores">Of every token of the vocabulary: log-probabilities in beam search, logits otherwise; changed in place.</param>
    void Apply(ReadOnlySpan<long> tokens, Span<float> scores);
}
