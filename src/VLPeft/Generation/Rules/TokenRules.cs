using System.Collections.Immutable;

namespace VLPeft.Generation.Rules;

/// <summary>The rules that options ask for, in the order in which transformers applies them.</summary>
internal sealed class TokenRules
{
    private readonly ImmutableArray<ITokenRule> _rules;

    public TokenRules(GenerationOptions options) => _rules = [.. Of(options)];

    public void Apply(ReadOnlySpan<long> tokens, Span<float> scores)
    {
        foreach (ITokenRule rule in _rules)
            rule.Apply(tokens, scores);
    }

    private static IEnumerable<ITokenRule> Of(GenerationOptions options)
    {
        if (options.RepetitionPenalty != 1)
            yield return new RepetitionPenalty(options.RepetitionPenalty);
        if (options.NoRepeatNgram > 0)
            yield return new NgramBlock(options.NoRepeatNgram);
        if (options.MinLength > 0 && options.EndId is { } end)
            yield return new MinimumLength(options.MinLength, end);
        if (options.ForcedFirstId is { } first)
            yield return new ForcedToken(1, first);
        if (options.ForcedLastId is { } last)
            yield return new ForcedToken(options.MaxLength - 1, last);
        if (options.SuppressedIds.Length > 0)
            yield return new SuppressedTokens(options.SuppressedIds);
    }
}
