namespace VLPeft.Generation.Rules;

/// <summary>Leaves one token, with score 0, when the sequence is so many tokens long.</summary>
internal sealed class ForcedToken(int length, long id) : ITokenRule
{
    public void Apply(ReadOnlySpan<long> tokens, Span<float> scores)
    {
        if (tokens.Length != length)
            return;
        scores.Fill(float.NegativeInfinity);
        scores[(int)id] = 0;
    }
}
