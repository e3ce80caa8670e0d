using VLPeft.Generation;
using Xunit;
using static TorchSharp.torch;

namespace VLPeft.Tests.Generation;

public sealed class GenerationErrorTests
{
    private static GenerationOptions Good { get; } = new() { StartId = 0, EndId = 4, MaxLength = 10 };

    public static TheoryData<string, GenerationOptions> Bad => new()
    {
        { "max-length", Good with { MaxLength = 1 } },
        { "min-length", Good with { MinLength = 11 } },
        { "min-length", Good with { MinLength = -1 } },
        { "beams", Good with { Beams = 0 } },
        { "beams", Good with { Beams = 2, Sampling = new SamplingOptions() } },
        { "returned-sequences", Good with { ReturnedSequences = 0 } },
        { "returned-sequences", Good with { Beams = 2, ReturnedSequences = 3 } },
        { "length-penalty", Good with { LengthPenalty = double.NaN } },
        { "early-stopping", Good with { EarlyStopping = (EarlyStopping)7 } },
        { "no-repeat-ngram", Good with { NoRepeatNgram = -1 } },
        { "repetition-penalty", Good with { RepetitionPenalty = 0 } },
        { "suppressed-ids", Good with { SuppressedIds = default } },
        { "suppressed-ids", Good with { SuppressedIds = [5] } },
        { "start-id", Good with { StartId = 5 } },
        { "end-id", Good with { EndId = -1 } },
        { "forced-first-id", Good with { ForcedFirstId = 9 } },
        { "forced-last-id", Good with { ForcedLastId = 9 } },
        { "temperature", Good with { Sampling = new SamplingOptions { Temperature = 0 } } },
        { "top-k", Good with { Sampling = new SamplingOptions { TopK = 0 } } },
        { "top-p", Good with { Sampling = new SamplingOptions { TopP = 0 } } },
        { "top-p", Good with { Sampling = new SamplingOptions { TopP = 1.1 } } },
    };

    [Theory, MemberData(nameof(Bad))]
    public void Options_out_of_range_are_named(string key, GenerationOptions options)
    {
        var error = Assert.Throws<InvalidInputException>(() => Run(new HistorySession(5, [1, 2]), options));
        Assert.StartsWith($"generation: {key}: expected", error.Message);
    }

    [Fact]
    public void Prompts_that_do_not_fit_are_refused()
    {
        long[][][] bad = [[[1, 2]], [[1, 2], [1]], [[], []], [[1, 2], [1, 5]], [[.. new long[10]], [.. new long[10]]]];
        foreach (long[][] prompts in bad)
            Assert.Throws<InvalidInputException>(() => Run(new HistorySession(5, [1, 2]), Good, prompts));
    }

    [Fact]
    public void No_images_give_no_sequences() => Assert.Empty(Run(new HistorySession(5, []), Good));

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Logits_that_are_no_numbers_are_an_error(int beams) =>
        Assert.Contains("NaN", Assert.Throws<InvalidOperationException>(() => Run(new Broken(full(2, 5, Scalars.Of(float.NaN))), Good with { Beams = beams })).Message);

    [Fact]
    public void Logits_of_a_wrong_shape_are_an_error() =>
        Assert.Contains("(3, 5)", Assert.Throws<InvalidOperationException>(() => Run(new Broken(zeros(3, 5)), Good)).Message);

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void A_search_can_be_cancelled(int beams)
    {
        using var source = new CancellationTokenSource();
        using var session = new HistorySession(5, [1, 2]) { Stepped = step => { if (step == 2) source.Cancel(); } };
        Assert.Throws<OperationCanceledException>(() => SequenceGenerator.Generate(session, Good with { Beams = beams, EndId = null }, cancellation: source.Token));
        Assert.Equal(2, session.RowsOfSteps.Count);
    }

    private static IReadOnlyList<IReadOnlyList<GeneratedSequence>> Run(IDecoderSession session, GenerationOptions options, long[][]? prompts = null) =>
        SequenceGenerator.Generate(session, options, prompts, cancellation: TestContext.Current.CancellationToken);

    private sealed class Broken(Tensor logits) : IDecoderSession
    {
        public int Rows => 2;

        public Tensor Start() => logits;

        public Tensor Next(Tensor tokens) => logits;

        public void Reorder(Tensor parents) { }

        public void Dispose() { }
    }
}
