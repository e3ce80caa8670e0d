using System.Text.Json.Serialization;
using Spectre.Console;
using VLPeft.Cli.Reports;
using VLPeft.Data;
using VLPeft.Data.Scenes;
using VLPeft.Evaluation;
using VLPeft.Experiments;
using VLPeft.Recipes;

namespace VLPeft.Cli.Demo;

/// <summary><c>vlpeft demo</c>: VQA accuracy of every routing function on held-out scenes, and of what can be had without one.</summary>
internal sealed class VqaDemo(DemoOptions options) : TaskDemo(options, DemoPlan.Of(options))
{
    protected override string Counted => $"{DemoPlan.Variants.Count} routing functions and {DemoPlan.Controls.Count} controls × {Options.Seeds} seeds";

    protected override string Title => "Routing functions on procedural scenes";

    protected override IReadOnlyList<(string Key, object Value)> Setting =>
    [
        ("task", "VQA on procedural scenes, official VQA accuracy on the test split"),
        ("training_images", Recipe.Data.Scenes.TrainImages),
        ("test_images", Recipe.Data.Scenes.TestImages),
        ("questions_per_image", Recipe.Data.Scenes.QuestionsPerImage),
        ("vision", "ViT, 2 layers, d = 64, frozen, pooled feature"),
        ("text", "RoBERTa, 4 layers, d = 64, frozen"),
        ("prefix", Recipe.Text.Prefix.ToString().ToLowerInvariant()),
        ("readout", Recipe.Text.Readout == ReadoutKind.First ? "position 0 (the visual prefix)" : Recipe.Text.Readout.ToString().ToLowerInvariant()),
        ("method", $"LoRA on query and value of all layers, r = {Recipe.Peft.Rank}, alpha = {Recipe.Peft.Alpha ?? Recipe.Peft.Rank}"),
        ("steps", Recipe.Training.Steps),
        ("batch_size", Recipe.Training.BatchSize),
        ("learning_rate", Recipe.Training.LearningRate),
        ("schedule", $"{Recipe.Training.Schedule.ToString().ToLowerInvariant()}, {Recipe.Training.WarmupFraction:0.##} of the steps warm up"),
        ("clip_norm", Recipe.Training.ClipNorm),
        ("checkpoint", Recipe.Training.Evaluate.ToString()),
        ("seeds", Options.Seeds),
    ];

    protected override DemoFindings Find(IReadOnlyList<VariantResult> variants)
    {
        VariantResult none = variants[0];
        DemoBaselines baselines = Baselines();
        return new DemoFindings(
            new DemoResults(Setting.ToDictionary(one => one.Key, one => one.Value), [.. variants.Select(Result)], baselines),
            $"Plain LoRA reaches {none.Mean:0.0} % VQA accuracy (mean of {none.Seeds.Count} seeds), text alone {baselines.TextOnly:0.0} %. {Best(variants, " %")}",
            [
                DemoTable.Of("VQA accuracy on held-out scenes, %", new TableColumn("routing"), "mean", [], "seeds", variants,
                    ("text only", baselines.TextOnly), ("shuffled images", baselines.ShuffledImages),
                    ("majority per question", baselines.MajorityPerQuestion), ("majority", baselines.Majority)),
            ])
        {
            Baselines =
            [
                new BaselineResult("majority", baselines.Majority, "the commonest training answer to everything"),
                new BaselineResult("majority per question", baselines.MajorityPerQuestion, "the commonest training answer to the same question string"),
                new BaselineResult("text only", baselines.TextOnly, "LoRA trained with zeros in place of every image feature"),
                new BaselineResult("shuffled images", baselines.ShuffledImages, "multiply, trained and tested with other questions' pictures"),
            ],
        };
    }

    protected override IReadOnlyList<PictureExample> Pictures(IReadOnlyList<DemoRun> runs) => VqaDemoPictures.Of(runs);

    private static DemoResult Result(VariantResult variant) => new(
        variant.Name, variant.Mean, variant.StandardDeviation, variant.TrainableParameters,
        [.. variant.Seeds.Select(seed => new DemoSeed(seed.Seed, seed.Score))]);

    private DemoBaselines Baselines()
    {
        var data = new VqaData(Recipe.Data, 0);
        IReadOnlyList<VqaExample> train = data.Get(Split.Train).Examples, test = data.Get(Split.Test).Examples;
        return new DemoBaselines(
            Score(test, SceneBaselines.Majority(train, test)), Score(test, SceneBaselines.MajorityPerQuestion(train, test)),
            Collect(DemoPlan.TextOnly).Mean, Collect(DemoPlan.Shuffled).Mean);
    }

    private static double Score(IReadOnlyList<VqaExample> test, IReadOnlyDictionary<long, string> predictions) =>
        VqaAccuracy.Evaluate(test, [.. predictions.Select(one => new VqaPrediction(one.Key, one.Value))]).Overall.Accuracy;
}

/// <summary>What OUT/results.json holds; scores in percent.</summary>
internal sealed record DemoResults(
    [property: JsonPropertyName("setting")] IReadOnlyDictionary<string, object> Setting,
    [property: JsonPropertyName("results")] IReadOnlyList<DemoResult> Results,
    [property: JsonPropertyName("baselines")] DemoBaselines Baselines);

/// <summary>One routing function.</summary>
internal sealed record DemoResult(
    [property: JsonPropertyName("routing")] string Routing,
    [property: JsonPropertyName("mean")] double Mean,
    [property: JsonPropertyName("sd")] double? Sd,
    [property: JsonPropertyName("trainable_parameters")] long TrainableParameters,
    [property: JsonPropertyName("seeds")] IReadOnlyList<DemoSeed> Seeds);

/// <summary>One run.</summary>
internal sealed record DemoSeed([property: JsonPropertyName("seed")] long Seed, [property: JsonPropertyName("accuracy")] double Accuracy);

/// <summary>What can be had without routing, without a picture, or with a wrong one.</summary>
internal sealed record DemoBaselines(
    [property: JsonPropertyName("majority")] double Majority,
    [property: JsonPropertyName("majority_per_question")] double MajorityPerQuestion,
    [property: JsonPropertyName("text_only")] double TextOnly,
    [property: JsonPropertyName("shuffled_images")] double ShuffledImages);
