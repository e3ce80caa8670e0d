using System.Collections.Immutable;

namespace VLPeft.Generation.Rules;

/// <summary>Forbids some tokens always.</summary>
internal sealed class SuppressedTokens(ImmutableArray<long> ids) : ITokenRule
{
    public void Apply(ReadOnlySpan<long> tokens, Span<float> scores)
    {
        foreach (long id in ids)
            scores[(int)id] = float.NegativeInfinity;
    }
}
