using System.Text.Json;
using System.Text.Json.Serialization;
using VLPeft.Cli.Reports;
using VLPeft.Data;
using VLPeft.Data.Scenes;
using VLPeft.Evaluation;
using VLPeft.Experiments;
using VLPeft.Recipes;
using VLPeft.Training;

namespace VLPeft.Cli.Demo;

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

/// <summary>Reads the runs' own files; every number comes from there.</summary>
internal static class DemoCollector
{
    public static VariantResult Collect(string variant, IReadOnlyList<DemoRun> runs)
    {
        DemoRun[] own = [.. runs.Where(run => run.Variant == variant)];
        return new VariantResult(variant, TrainableParameters(own[0]), [.. own.Select(SeedOf)]);
    }

    public static DemoBaselines Baselines(IReadOnlyList<DemoRun> runs, VariantResult textOnly, VariantResult shuffled)
    {
        var data = new VqaData(DemoPlan.RecipeOf(runs[0]).Data, 0);
        IReadOnlyList<VqaExample> train = data.Get(Split.Train).Examples, test = data.Get(Split.Test).Examples;
        return new DemoBaselines(
            Score(test, SceneBaselines.Majority(train, test)), Score(test, SceneBaselines.MajorityPerQuestion(train, test)), textOnly.Mean, shuffled.Mean);
    }

    public static DemoResults Results(DemoOptions options, IReadOnlyList<DemoRun> runs, IReadOnlyList<VariantResult> variants, DemoBaselines baselines) => new(
        SettingOf(DemoPlan.RecipeOf(runs[0]), options).ToDictionary(one => one.Key, one => one.Value),
        [.. variants.Select(variant => new DemoResult(variant.Name, variant.Mean, variant.StandardDeviation, variant.TrainableParameters,
            [.. variant.Seeds.Select(seed => new DemoSeed(seed.Seed, seed.Score))]))],
        baselines);

    public static IReadOnlyList<(string Key, object Value)> SettingOf(Recipe recipe, DemoOptions options) =>
    [
        ("task", "VQA on procedural scenes, official VQA accuracy on the test split"),
        ("training_images", recipe.Data.Scenes.TrainImages),
        ("test_images", recipe.Data.Scenes.TestImages),
        ("questions_per_image", recipe.Data.Scenes.QuestionsPerImage),
        ("vision", "ViT, 2 layers, d = 64, frozen, pooled feature"),
        ("text", "RoBERTa, 4 layers, d = 64, frozen"),
        ("prefix", recipe.Text.Prefix.ToString().ToLowerInvariant()),
        ("readout", recipe.Text.Readout == ReadoutKind.First ? "position 0 (the visual prefix)" : recipe.Text.Readout.ToString().ToLowerInvariant()),
        ("method", $"LoRA on query and value of all layers, r = {recipe.Peft.Rank}, alpha = {recipe.Peft.Alpha ?? recipe.Peft.Rank}"),
        ("steps", recipe.Training.Steps),
        ("batch_size", recipe.Training.BatchSize),
        ("learning_rate", recipe.Training.LearningRate),
        ("schedule", $"{recipe.Training.Schedule.ToString().ToLowerInvariant()}, {recipe.Training.WarmupFraction:0.##} of the steps warm up"),
        ("clip_norm", recipe.Training.ClipNorm),
        ("checkpoint", recipe.Training.Evaluate.ToString()),
        ("seeds", options.Seeds),
    ];

    private static SeedResult SeedOf(DemoRun run)
    {
        VqaEvaluationReport report = Read<VqaEvaluationReport>(run.Files.Evaluation(Split.Test));
        CurvePoint[] curve =
        [
            .. MetricsLog.Read(new RunFolder(run.Files.Folder).Metrics).Where(entry => entry.Validation is not null)
                .Select(entry => new CurvePoint(entry.Step, entry.Validation!["accuracy"])),
        ];
        var groups = report.Accuracy!.Where(one => one.Key != "all").ToDictionary(one => one.Key, one => one.Value);
        return new SeedResult(run.Seed, report.Accuracy!["all"], curve, groups, run.Files.Folder);
    }

    internal static long TrainableParameters(DemoRun run)
    {
        using JsonDocument outcome = JsonDocument.Parse(File.ReadAllBytes(run.Files.Outcome));
        return outcome.RootElement.GetProperty("trainable_parameters").GetInt64();
    }

    internal static T Read<T>(string path) => JsonSerializer.Deserialize<T>(File.ReadAllBytes(path))
        ?? throw new InvalidDataException($"{path} is empty.");

    private static double Score(IReadOnlyList<VqaExample> test, IReadOnlyDictionary<long, string> predictions) =>
        VqaAccuracy.Evaluate(test, [.. predictions.Select(one => new VqaPrediction(one.Key, one.Value))]).Overall.Accuracy;
}
