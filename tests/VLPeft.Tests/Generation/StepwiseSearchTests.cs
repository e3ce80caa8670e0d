using VLPeft.Generation;
using Xunit;

namespace VLPeft.Tests.Generation;

public sealed class StepwiseSearchTests
{
    private const int Vocabulary = 6, End = 5;

    private static GenerationOptions Options { get; } = new() { StartId = 0, EndId = End, MaxLength = 10 };

    [Fact]
    public void Greedy_takes_the_likeliest_token()
    {
        for (int image = 0; image < 20; image++)
        {
            List<long> history = [image];
            double score = 0;
            bool ended = false;
            while (history.Count < Options.MaxLength && !ended)
            {
                float[] logits = HistorySession.Logits(Vocabulary, history);
                int best = Array.IndexOf(logits, logits.Max());
                score += logits[best] - Math.Log(logits.Sum(one => Math.Exp(one)));
                ended = best == End;
                if (!ended)
                    history.Add(best);
            }
            GeneratedSequence found = Run([(ulong)image], Options)[0][0];
            Assert.Equal(history.Skip(1), found.Tokens);
            Assert.Equal(ended, found.Ended);
            Assert.Equal(score, found.Score, 1e-4);
        }
    }

    [Fact]
    public void One_beam_is_greedy_and_sampling_the_likeliest_token_too()
    {
        ulong[] images = [.. Enumerable.Range(0, 20).Select(one => (ulong)one)];
        Assert.Equal(Show(Run(images, Options)), Show(Run(images, Options with { Sampling = new SamplingOptions { TopK = 1 } })));
        Assert.Equal(Show(Run(images, Options)), Show(Run(images, Options with { Sampling = new SamplingOptions { TopP = 1e-9 } })));
        Assert.Equal(Show(Run(images, Options)), Show(Run(images, Options with { Sampling = new SamplingOptions { Temperature = 1e-6 } })));
    }

    [Fact]
    public void Samples_are_fixed_by_the_seed_and_not_by_the_batch()
    {
        GenerationOptions options = Options with { ReturnedSequences = 3, Sampling = new SamplingOptions { Seed = 5 } };
        string[] together = [.. Show(Run([1, 2, 3, 4], options))];
        Assert.Equal(together, Show(Run([1, 2, 3, 4], options)));
        Assert.Equal(together[..3], Show(Run([1], options)));
        Assert.NotEqual(together, Show(Run([1, 2, 3, 4], options with { Sampling = new SamplingOptions { Seed = 6 } })));
        Assert.Equal(together.Length, together.Distinct().Count());
    }

    [Theory]
    [InlineData(1.0, null, 1.0)]
    [InlineData(0.5, null, 1.0)]
    [InlineData(1.0, 3, 1.0)]
    [InlineData(2.0, null, 0.7)]
    [InlineData(2.0, 4, 0.8)]
    public void Samples_follow_the_distribution(double temperature, int? topK, double topP)
    {
        const int draws = 4000;
        GenerationOptions options = Options with
        {
            EndId = null, MaxLength = 2, ReturnedSequences = draws, Sampling = new SamplingOptions { Temperature = temperature, TopK = topK, TopP = topP },
        };
        double[] weights = [.. HistorySession.Logits(Vocabulary, [3]).Select(one => Math.Exp(one / temperature))];
        int[] order = [.. Enumerable.Range(0, Vocabulary).OrderByDescending(token => weights[token])];
        foreach (int token in order.Skip(topK ?? Vocabulary))
            weights[token] = 0;
        double total = weights.Sum(), above = 0;
        foreach (int token in order)
        {
            double own = weights[token] / total;
            if (above >= topP)
                weights[token] = 0;
            above += own;
        }
        var counts = Run([3], options)[0].CountBy(one => one.Tokens[0]).ToDictionary();
        for (int token = 0; token < Vocabulary; token++)
        {
            double expected = weights[token] / weights.Sum();
            double found = counts.GetValueOrDefault(token) / (double)draws;
            Assert.True(expected > 0 || found == 0, $"{token} was cut off and came");
            Assert.InRange(found - expected, -0.04, 0.04); // five standard deviations of 4,000 draws
        }
    }

    [Fact]
    public void Sequences_that_ended_leave_the_batch()
    {
        using var session = new HistorySession(Vocabulary, [.. Enumerable.Range(0, 30).Select(one => (ulong)one)]);
        IReadOnlyList<IReadOnlyList<GeneratedSequence>> found = SequenceGenerator.Generate(session, Options, cancellation: TestContext.Current.CancellationToken);
        for (int step = 0; step < session.RowsOfSteps.Count; step++)
            Assert.Equal(found.Count(image => image[0].Tokens.Length >= step), session.RowsOfSteps[step]);
        Assert.True(session.RowsOfSteps[^1] < 30);
    }

    [Fact]
    public void Tokens_are_streamed_as_they_come()
    {
        using var session = new HistorySession(Vocabulary, [1, 2, 3]);
        List<(int Step, GeneratedToken Token)> streamed = [];
        IReadOnlyList<IReadOnlyList<GeneratedSequence>> found = SequenceGenerator.Generate(
            session, Options, onToken: token => streamed.Add((session.RowsOfSteps.Count, token)), cancellation: TestContext.Current.CancellationToken);
        for (int image = 0; image < 3; image++)
        {
            var own = streamed.Where(one => one.Token.Image == image).ToArray();
            Assert.Equal(found[image][0].Tokens, own.Select(one => one.Token.Token));
            Assert.Equal(Enumerable.Range(1, own.Length), own.Select(one => one.Step));
        }
    }

    private static IEnumerable<string> Show(IReadOnlyList<IReadOnlyList<GeneratedSequence>> found) => found.SelectMany(BeamSearchTests.Show);

    private static IReadOnlyList<IReadOnlyList<GeneratedSequence>> Run(ulong[] images, GenerationOptions options) =>
        SequenceGenerator.Generate(new HistorySession(Vocabulary, images), options, cancellation: TestContext.Current.CancellationToken);
}
