using TorchSharp;
using VLPeft.Generation;
using VLPeft.Models.Gpt2;
using VLPeft.Peft;
using VLPeft.Recipes;
using VLPeft.Routing;
using VLPeft.VisionLanguage;
using static TorchSharp.torch;

namespace VLPeft.Benchmarks;

/// <summary>
/// Captions of 20 tokens for 8 images at once by beam search with 5 beams, GPT2-medium with random weights, LoRA r = 128 on query and
/// value, against the same decode without any adapter.
/// </summary>
internal static class CaptionDecoding
{
    private const int Images = 8, Beams = 5, Tokens = 20;
    public const long Rank = 128;
    private const int Rounds = 4;

    public static Gpt2Config Medium { get; } = new()
    {
        VocabularySize = 50257,
        Width = 1024,
        Layers = 24,
        Heads = 16,
        Intermediate = 4096,
        MaxLength = 1024,
        EndId = 50256,
    };

    public static void Run()
    {
        random.manual_seed(1);
        using var text = new Gpt2Model(Medium);
        foreach (ScalarType type in new[] { ScalarType.Float32, ScalarType.BFloat16 })
            Measure(text, type);
    }

    private static void Measure(Gpt2Model text, ScalarType type)
    {
        Console.WriteLine($"  {type}");
        text.to(type);
        text.eval();
        var feature = new RoutingFeature(text.Width);
        using Tensor pooled = randn(Images, 1, text.Width, type);
        IReadOnlyList<Interleaved.Result> results = Interleaved.Measure(
            [
                ("no adapter", Candidate(text, feature, null, pooled)),
                .. KnownRoutingFunctions.Paper.Select(one => (one.Name, Candidate(text, feature, one, pooled))),
            ],
            steps: 1, Rounds);
        Interleaved.Print(results);
        Interleaved.Result worst = results.Skip(1).MaxBy(one => one.CpuRatio)!;
        Console.WriteLine($"  largest ratio: {worst.Name}, {worst.CpuRatio:F3}; {Images * Tokens / results[0].Cpu:F1} tokens a CPU second without an adapter");
    }

    // The backbone is shared: each candidate puts its bottlenecks on and takes them off, which is nothing beside a decode.
    private static Action Candidate(Gpt2Model text, RoutingFeature feature, IRoutingFunction? routing, Tensor pooled)
    {
        // No end token: every sequence has all its tokens.
        GenerationOptions options = new() { StartId = Medium.EndId, MaxLength = Tokens + 1, Beams = Beams };
        var section = new PeftSection { Method = PeftMethod.Lora, Rank = Rank, Alpha = Rank, Routing = routing?.Name ?? "none" };
        return () =>
        {
            using var scope = NewDisposeScope();
            using PeftModel? peft = routing is null ? null : PeftModel.Inject(text, CaptionPeft.PlanOf(section, text)!, feature);
            text.eval();
            var side = new ImageSide(
                new ImageSideOptions(RoutingSource.Pooled, PrefixKind.Single, PrefixSource.Pooled, routing?.NeedsFeature ?? false), text.Width, projection: null);
            var model = new CaptionModel(text, side, feature);
            model.eval();
            using IDecoderSession session = model.BeginDecoding(new ImageFeatures(pooled), Images, Tokens);
            SequenceGenerator.Generate(session, options);
        };
    }
}
