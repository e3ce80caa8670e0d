using System.Text.Json.Serialization;
using Spectre.Console;
using VLPeft.Cli.Reports;

namespace VLPeft.Cli.Demo;

/// <summary><c>vlpeft demo --task captioning</c>: CIDEr and BLEU-4 of every routing function on held-out scenes.</summary>
internal sealed class CaptionDemo(DemoOptions options) : TaskDemo(options, DemoPlan.OfCaptions(options))
{
    private const string Bleu4 = "Bleu_4";

    protected override string Counted => $"{DemoPlan.Variants.Count} routing functions × {Options.Seeds} seeds, and one that sees no picture";

    protected override string Title => "Routing functions: captions of procedural scenes";

    protected override IReadOnlyList<(string Key, object Value)> Setting =>
    [
        ("task", "captions of procedural scenes, official CIDEr and BLEU on the test split, × 100"),
        ("training_images", Recipe.Data.Scenes.TrainImages),
        ("test_images", Recipe.Data.Scenes.TestImages),
        ("vision", "ViT, 2 layers, d = 64, frozen, pooled feature"),
        ("text", "GPT-2, 4 layers, d = 64, pre-trained on captions alone, frozen"),
        ("method", $"LoRA on query and value of all layers, r = {Recipe.Peft.Rank}, alpha = {Recipe.Peft.Alpha ?? Recipe.Peft.Rank}"),
        ("steps", Recipe.Training.Steps),
        ("batch_size", Recipe.Training.BatchSize),
        ("learning_rate", Recipe.Training.LearningRate),
        ("clip_norm", Recipe.Training.ClipNorm),
        ("beams", Recipe.Generation.Beams),
        ("checkpoint", Recipe.Training.Evaluate.ToString()),
        ("seeds", Options.Seeds),
    ];

    protected override DemoFindings Find(IReadOnlyList<VariantResult> variants)
    {
        VariantResult none = variants[0], blind = Collect(DemoPlan.Blind);
        return new DemoFindings(
            new CaptionDemoResults(
                Setting.ToDictionary(one => one.Key, one => one.Value), [.. variants.Select(Result)], new Dictionary<string, double> { [DemoPlan.Blind] = blind.Mean }),
            $"Plain LoRA reaches CIDEr {none.Mean:0.0} (× 100, mean of {none.Seeds.Count} seeds), without a picture {blind.Mean:0.0}. {Best(variants)}",
            [DemoTable.Of("Captions of held-out scenes, × 100", new TableColumn("routing"), "CIDEr", [("BLEU-4", Bleu4)], "CIDEr by seed", variants, ("blind", blind.Mean))])
        {
            Baselines = [new BaselineResult("blind", blind.Mean, "LoRA trained and tested with zeros in place of every image feature, seed 0")],
        };
    }

    private static CaptionDemoResult Result(VariantResult variant) => new(
        variant.Name, variant.Mean, variant.StandardDeviation, DemoTable.MeanOf(variant, Bleu4), variant.TrainableParameters,
        [.. variant.Seeds.Select(seed => new CaptionDemoSeed(seed.Seed, seed.Score, seed.PerGroup[Bleu4]))]);
}

/// <summary>What OUT/results.json holds; scores × 100.</summary>
internal sealed record CaptionDemoResults(
    [property: JsonPropertyName("setting")] IReadOnlyDictionary<string, object> Setting,
    [property: JsonPropertyName("results")] IReadOnlyList<CaptionDemoResult> Results,
    [property: JsonPropertyName("baselines")] IReadOnlyDictionary<string, double> Baselines);

/// <summary>One routing function.</summary>
internal sealed record CaptionDemoResult(
    [property: JsonPropertyName("routing")] string Routing,
    [property: JsonPropertyName("cider_mean")] double CiderMean,
    [property: JsonPropertyName("cider_sd")] double? CiderSd,
    [property: JsonPropertyName("bleu4_mean")] double Bleu4,
    [property: JsonPropertyName("trainable_parameters")] long TrainableParameters,
    [property: JsonPropertyName("seeds")] IReadOnlyList<CaptionDemoSeed> Seeds);

/// <summary>One run.</summary>
internal sealed record CaptionDemoSeed(
    [property: JsonPropertyName("seed")] long Seed, [property: JsonPropertyName("cider")] double Cider, [property: JsonPropertyName("bleu4")] double Bleu4);
