namespace VLPeft.Generation.Rules;

/// <summary>Forbids the end token while the sequence is too short.</summary>
internal sealed class MinimumLength(int length, long endId) : ITokenRule
{
    public void Apply(ReadOnlySpan<long> tokens, Span<float> scores)
    {
        if (tokens.Length < length)
            scores[(int)endId] = float.NegativeInfinity;
    }
}
