namespace VLPeft.Generation.Rules;

/// <summary>Divides positive scores of tokens that were there by the penalty, and multiplies negative ones with it (Keskar et al., 2019).</summary>
internal sealed class RepetitionPenalty(double penalty) : ITokenRule
{
    public void Apply(ReadOnlySpan<long> tokens, Span<float> scores)
    {
        for (int at = 0; at < tokens.Length; at++)
        {
            if (tokens[..at].Contains(tokens[at]))
                continue; // once a token, however often it was there
            ref float score = ref scores[(int)tokens[at]];
            score = score < 0 ? score * (float)penalty : score / (float)penalty;
        }
    }
}
