using VLPeft.Generation;
using VLPeft.Generation.Rules;
using Xunit;

namespace VLPeft.Tests.Generation;

public sealed class TokenRulesTests
{
    private const float Never = float.NegativeInfinity;

    private static GenerationOptions Options { get; } = new() { StartId = 0, EndId = 3, MaxLength = 5 };

    [Fact]
    public void Repetition_divides_positive_and_multiplies_negative_scores_once_a_token() =>
        Assert.Equal([1, -4, 3, -1], Apply(Options with { RepetitionPenalty = 2 }, [0, 1, 1, 0], [2, -2, 3, -1]));

    [Theory]
    [InlineData(1, new long[] { 0, 2 }, new[] { Never, 1, Never, 1 })]
    [InlineData(2, new long[] { 0, 2, 1, 2 }, new[] { 1, Never, 1, 1 })]
    [InlineData(2, new long[] { 0, 2, 1 }, new float[] { 1, 1, 1, 1 })]
    [InlineData(3, new long[] { 1, 2, 3, 1, 2 }, new[] { 1, 1, 1, Never })]
    [InlineData(3, new long[] { 1, 2 }, new float[] { 1, 1, 1, 1 })]
    public void No_run_of_tokens_comes_twice(int n, long[] tokens, float[] expected) =>
        Assert.Equal(expected, Apply(Options with { NoRepeatNgram = n }, tokens, [1, 1, 1, 1]));

    [Fact]
    public void The_end_waits_for_the_smallest_length()
    {
        Assert.Equal([1, 1, 1, Never], Apply(Options with { MinLength = 3 }, [0, 1], [1, 1, 1, 1]));
        Assert.Equal([1, 1, 1, 1], Apply(Options with { MinLength = 3 }, [0, 1, 1], [1, 1, 1, 1]));
    }

    [Fact]
    public void First_and_last_token_can_be_forced()
    {
        GenerationOptions options = Options with { ForcedFirstId = 1, ForcedLastId = 3 };
        Assert.Equal([Never, 0, Never, Never], Apply(options, [0], [1, 2, 3, 4]));
        Assert.Equal([1, 2, 3, 4], Apply(options, [0, 1, 1], [1, 2, 3, 4]));
        Assert.Equal([Never, Never, Never, 0], Apply(options, [0, 1, 1, 1], [1, 2, 3, 4]));
    }

    [Fact]
    public void Suppressed_tokens_never_come() =>
        Assert.Equal([1, Never, Never, 4], Apply(Options with { SuppressedIds = [1, 2] }, [0], [1, 2, 3, 4]));

    private static float[] Apply(GenerationOptions options, long[] tokens, float[] scores)
    {
        new TokenRules(options).Apply(tokens, scores);
        return scores;
    }
}
