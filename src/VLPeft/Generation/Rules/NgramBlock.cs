namespace VLPeft.Generation.Rules;

/// <summary>Forbids every token that would repeat a run of n tokens.</summary>
internal sealed class NgramBlock(int n) : ITokenRule
{
    public void Apply(ReadOnlySpan<long> tokens, Span<float> scores)
    {
        if (tokens.Length < n)
            return;
        ReadOnlySpan<long> last = tokens[^(n - 1)..];
        for (int at = 0; at + n <= tokens.Length; at++)
            if (tokens.Slice(at, n - 1).SequenceEqual(last))
                scores[(int)tokens[at + n - 1]] = float.NegativeInfinity;
    }
}
