using TorchSharp;
using VLPeft.Models.Bert;
using static TorchSharp.torch;

namespace VLPeft.Benchmarks;

/// <summary>
/// The demo's inner loop: a frozen RoBERTa of 4 layers and d = 64, LoRA r = 8 routed by multiply on query and value, its LayerNorms and the
/// head trained, batches of 64 questions of 9 to 13 tokens behind the reference's prefix.
/// </summary>
internal static class DemoStep
{
    public const double LearningRate = 1e-3, Epsilon = 1e-6;
    public const long Rank = 8, Answers = 26, HeadWidth = 128;
    private const long Batch = 64, Tokens = 13, Shortest = 9;
    private const int CheckedSteps = 20;

    public static BertFamilyConfig Config { get; } = new()
    {
        Kind = BertKind.Roberta,
        VocabularySize = 82,
        Width = 64,
        Layers = 4,
        Heads = 4,
        Intermediate = 256,
        PositionRows = 48,
        TokenTypes = 1,
        PadId = 1,
        LayerNormEps = 1e-5,
        InitializerRange = 0.125,
        Dropout = new(0, 0),
    };

    /// <summary>One batch. Ids (B, T), Mask (B, T), Feature (B, 1, d), Targets (B, answers).</summary>
    public sealed record Data(Tensor Ids, Tensor Mask, Tensor Feature, Tensor Targets);

    public static void Run()
    {
        random.manual_seed(1);
        Data data = MakeData();
        using var library = new DemoStepLibrary();
        (string Name, DemoStepByHand Step)[] byHand =
        [
            ("by hand, plainly", new(library.Weights(), new())),
            ("by hand, last layer at position 0", new(library.Weights(), new(LastLayerFirstOnly: true))),
            ("by hand, that and no kernel", new(library.Weights(), new(LastLayerFirstOnly: true, PlainProducts: true))),
        ];
        library.StartTraining();
        (string Name, Func<double> Step)[] all =
            [.. byHand.Select(one => (one.Name, (Func<double>)(() => one.Step.Step(data)))), ("VLPeft", () => library.Step(data))];
        RequireSameLosses([.. all.Select(one => one.Step)]);
        IReadOnlyList<Interleaved.Result> results =
            Interleaved.Measure([.. all.Select(one => (one.Name, (Action)(() => one.Step())))], steps: 10, rounds: 15);
        Interleaved.Print(results);
        Interleaved.Result fastest = results.SkipLast(1).MinBy(one => one.CpuRatio)!;
        Console.WriteLine($"  VLPeft against \"{fastest.Name}\", the fastest: {results[^1].CpuRatio / fastest.CpuRatio:F2}; "
            + $"against the plain one: {results[^1].CpuRatio:F2}");
    }

    private static Data MakeData()
    {
        Tensor lengths = randint(Shortest, Tokens + 1, [Batch, 1]);
        lengths[0] = Tokens;
        Tensor mask = arange(Tokens).unsqueeze(0).lt(lengths).to(ScalarType.Int64);
        Tensor ids = randint(5, Config.VocabularySize, [Batch, Tokens], ScalarType.Int64);
        ids = ids * mask + (1 - mask) * Config.PadId;
        Tensor targets = nn.functional.one_hot(randint(0, Answers, [Batch], ScalarType.Int64), Answers).to(ScalarType.Float32);
        return new Data(ids, mask, randn(Batch, 1, Config.Width), targets);
    }

    // Comparing times is worth something only when both compute the same.
    private static void RequireSameLosses(params Func<double>[] steps)
    {
        double largest = 0, last = 0;
        for (int i = 0; i < CheckedSteps; i++)
        {
            double[] losses = [.. steps.Select(step => step())];
            largest = Math.Max(largest, losses.Max() - losses.Min());
            last = losses[0];
        }
        if (!(largest < 1e-4))
            throw new InvalidOperationException(
                $"the steps don't compute the same: their losses differ by {largest:G3} within {CheckedSteps} steps.");
        Console.WriteLine($"  losses of all agree within {largest:G2} over {CheckedSteps} steps (last {last:F4})");
    }
}
