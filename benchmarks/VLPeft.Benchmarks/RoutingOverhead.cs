using TorchSharp;
using VLPeft.Models.Bert;
using VLPeft.Peft;
using VLPeft.Routing;
using static TorchSharp.torch;

namespace VLPeft.Benchmarks;

/// <summary>
/// Forward and backward of two transformer layers of RoBERTa-large's widths with LoRA r = 128 on query and value, 32 questions of 20
/// tokens, one image feature each, under every routing function.
/// </summary>
internal static class RoutingOverhead
{
    private const long Batch = 32, Tokens = 20, Rank = 128;
    private const int Rounds = 11;

    private static BertFamilyConfig Config { get; } = new()
    {
        Kind = BertKind.Roberta,
        VocabularySize = 16,
        Width = 1024,
        Layers = 2,
        Heads = 16,
        Intermediate = 4096,
        PositionRows = 64,
        TokenTypes = 1,
        PadId = 1,
        LayerNormEps = 1e-5,
        Dropout = new(0, 0),
    };

    public static void Run()
    {
        random.manual_seed(1);
        using var text = new BertFamilyModel(Config, pooler: false);
        using Tensor hidden = randn(Batch, Tokens, Config.Width), image = randn(Batch, 1, Config.Width);
        string none = KnownRoutingFunctions.None.Name;
        string[] names = [none, none, .. KnownRoutingFunctions.Names.Where(name => name != none)]; // none against itself shows the noise
        IReadOnlyList<Interleaved.Result> results = Interleaved.Measure(
            [.. names.Select(name => (name, Candidate(text, name, hidden, image)))], steps: 1, Rounds);
        Interleaved.Print(results);
        Interleaved.Result worst = results.Skip(2).MaxBy(one => one.CpuRatio)!;
        Console.WriteLine($"  largest overhead over none: {worst.Name}, {(worst.CpuRatio - 1) * 100:F1} % "
            + $"(none against itself: {(results[1].CpuRatio - 1) * 100:F1} %)");
    }

    // The backbone is shared: each candidate puts its bottlenecks on and takes them off, which is nothing beside two layers of this width.
    private static Action Candidate(BertFamilyModel text, string routing, Tensor hidden, Tensor image)
    {
        PeftPlan plan = new LoraOptions(ModulePattern.Suffixes(text.PeftTargets.Lora), Rank, Rank)
        {
            Routing = KnownRoutingFunctions.Get(routing),
            AlsoTrain = [text.PeftTargets.LayerNorms],
        }.ToPlan();
        return () =>
        {
            using var scope = NewDisposeScope();
            var feature = new RoutingFeature(Config.Width);
            using PeftModel peft = PeftModel.Inject(text, plan, feature);
            using (feature.Use(image))
                text.Encode(hidden, null).sum().backward();
            peft.RequireGradients();
            text.zero_grad();
        };
    }
}
