using VLPeft.Generation;
using Xunit;

namespace VLPeft.Tests.Generation;

public sealed class BeamSearchTests
{
    private const int Vocabulary = 5, End = 4;

    private static GenerationOptions Options { get; } = new() { StartId = 0, EndId = End, MaxLength = 5, Beams = 5 };

    // With a beam for every prefix there is, nothing is lost.
    [Theory]
    [InlineData(1.0, 1)]
    [InlineData(0.0, 2)]
    [InlineData(0.6, 3)]
    [InlineData(2.0, 4)]
    [InlineData(-1.0, 5)]
    public void Enough_beams_find_what_looking_at_every_sequence_finds(double penalty, int image)
    {
        GenerationOptions options = Options with { Beams = 256, ReturnedSequences = 10, LengthPenalty = penalty, EarlyStopping = EarlyStopping.Never };
        GeneratedSequence[] expected = [.. Every([0], 0).OrderByDescending(one => one.Score).Take(10)];

        IReadOnlyList<GeneratedSequence> found = Run(new HistorySession(Vocabulary, [(ulong)image]), options)[0];

        Assert.Equal(expected.Select(one => one.Tokens), found.Select(one => one.Tokens));
        Assert.Equal(expected.Select(one => one.Ended), found.Select(one => one.Ended));
        Assert.All(expected.Zip(found), pair => Assert.Equal(pair.First.Score, pair.Second.Score, 1e-5));

        IEnumerable<GeneratedSequence> Every(long[] tokens, double sum)
        {
            if (tokens.Length == options.MaxLength)
            {
                yield return new GeneratedSequence([.. tokens[1..]], sum / Math.Pow(tokens.Length, penalty), false);
                yield break;
            }
            float[] logits = HistorySession.Logits(Vocabulary, [image, .. tokens[1..]]);
            double normaliser = Math.Log(logits.Sum(one => Math.Exp(one)));
            for (int token = 0; token < Vocabulary; token++)
            {
                double next = sum + logits[token] - normaliser;
                if (token == End)
                    yield return new GeneratedSequence([.. tokens[1..]], next / Math.Pow(tokens.Length, penalty), true);
                else
                    foreach (GeneratedSequence longer in Every([.. tokens, token], next))
                        yield return longer;
            }
        }
    }

    [Theory]
    [InlineData(EarlyStopping.Heuristic)]
    [InlineData(EarlyStopping.Immediately)]
    [InlineData(EarlyStopping.Never)]
    public void Images_together_give_what_each_gives_alone(EarlyStopping stopping)
    {
        ulong[] images = [.. Enumerable.Range(0, 12).Select(one => (ulong)one)];
        GenerationOptions options = Options with { MaxLength = 12, Beams = 3, ReturnedSequences = 2, EarlyStopping = stopping };

        IReadOnlyList<IReadOnlyList<GeneratedSequence>> together = Run(new HistorySession(Vocabulary, images), options);

        for (int i = 0; i < images.Length; i++)
            Assert.Equal(Show(Run(new HistorySession(Vocabulary, [images[i]]), options)[0]), Show(together[i]));
    }

    [Fact]
    public void Images_that_are_done_leave_the_batch()
    {
        using var session = new HistorySession(Vocabulary, [.. Enumerable.Range(0, 12).Select(one => (ulong)one)]);
        Run(session, Options with { MaxLength = 20, EarlyStopping = EarlyStopping.Immediately });
        Assert.Equal(12, session.RowsOfSteps[0]);
        Assert.Equal(60, session.RowsOfSteps[1]);
        Assert.Equal(session.RowsOfSteps.Skip(1).OrderDescending(), session.RowsOfSteps.Skip(1));
        Assert.True(session.RowsOfSteps[^1] < 60, "no image was done before the others");
        Assert.All(session.RowsOfSteps.Skip(1), rows => Assert.Equal(0, rows % 5));
    }

    [Fact]
    public void Beams_stay_in_their_row_where_they_can()
    {
        using var session = new HistorySession(Vocabulary, [1, 2, 3, 4]);
        Run(session, Options with { MaxLength = 12, EndId = null });
        Assert.All(session.Moves.Skip(1), parents =>
        {
            Assert.All(parents.Select((parent, row) => (parent, row)), one => Assert.Equal(one.row / 5, one.parent / 5)); // among the image's own rows
            Assert.All(parents.Distinct(), parent => Assert.Equal(parent, parents[parent]));
        });
    }

    [Fact]
    public void Tokens_are_streamed_when_their_image_is_done()
    {
        List<GeneratedToken> streamed = [];
        GenerationOptions options = Options with { MaxLength = 9, ReturnedSequences = 2 };
        IReadOnlyList<IReadOnlyList<GeneratedSequence>> found = SequenceGenerator.Generate(
            new HistorySession(Vocabulary, [1, 2, 3]), options, onToken: streamed.Add, cancellation: TestContext.Current.CancellationToken);
        for (int image = 0; image < 3; image++)
            for (int sequence = 0; sequence < 2; sequence++)
                Assert.Equal(found[image][sequence].Tokens, streamed.Where(one => one.Image == image && one.Sequence == sequence).Select(one => one.Token));
    }

    [Fact]
    public void Rules_that_leave_nothing_end_the_search()
    {
        GenerationOptions options = Options with { EndId = null, NoRepeatNgram = 1, MaxLength = 20, Beams = 2 };
        GeneratedSequence found = Run(new HistorySession(Vocabulary, [1]), options)[0][0];
        Assert.Equal([1, 2, 3, 4], found.Tokens.Order());
        Assert.False(found.Ended);

        Assert.Empty(Run(new HistorySession(Vocabulary, [1]), options with { SuppressedIds = [0, 1, 2, 3, 4] })[0][0].Tokens);
    }

    internal static IEnumerable<string> Show(IEnumerable<GeneratedSequence> sequences) =>
        sequences.Select(one => $"{string.Join(' ', one.Tokens)} {one.Score:F4} {one.Ended}");

    private static IReadOnlyList<IReadOnlyList<GeneratedSequence>> Run(IDecoderSession session, GenerationOptions options) =>
        SequenceGenerator.Generate(session, options, cancellation: TestContext.Current.CancellationToken);
}
