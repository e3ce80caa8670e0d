using System.Text.Json.Serialization;
using Spectre.Console;
using VLPeft.Cli.Reports;

namespace VLPeft.Cli.Demo;

/// <summary><c>vlpeft demo --task multitask</c>: four tasks in one model, every routing function, and with --rivals the methods it is compared with.</summary>
internal sealed class MultitaskDemo(DemoOptions options) : TaskDemo(options, DemoPlan.OfSeveralTasks(options))
{
    private const string RivalTitle = "Plain LoRA (none) and its rivals";

    protected override string Counted =>
        $"{DemoPlan.Variants.Count} routing functions{(Options.Rivals ? $" and {DemoPlan.Rivals.Count} rivals" : "")} × {Options.Seeds} seeds";

    protected override string Title => "Routing functions: four tasks in one model";

    protected override IReadOnlyList<(string Key, object Value)> Setting =>
    [
        ("tasks", "VQA, GQA and NLVR2 accuracy in percent, captions' CIDEr × 100, on the test split of procedural scenes"),
        ("training_images", Recipe.Data.Scenes.TrainImages),
        ("test_images", Recipe.Data.Scenes.TestImages),
        ("vision", "CLIP's ViT, 2 layers, d = 64, contrastively pre-trained, frozen, patch tokens"),
        ("text", "BART, 2 + 2 layers, d = 64, pre-trained on texts alone, frozen"),
        ("method", $"LoRA on query and value of all attentions, r = {Recipe.Peft.Rank}, alpha = {Recipe.Peft.Alpha ?? Recipe.Peft.Rank}"),
        ("steps", Recipe.Training.Steps),
        ("batch_size", Recipe.Training.BatchSize),
        ("learning_rate", Recipe.Training.LearningRate),
        ("clip_norm", Recipe.Training.ClipNorm),
        ("checkpoint", Recipe.Training.Evaluate.ToString()),
        ("seeds", Options.Seeds),
    ];

    protected override DemoFindings Find(IReadOnlyList<VariantResult> variants)
    {
        VariantResult none = variants[0];
        VariantResult[] rivals = Options.Rivals ? [none, .. DemoPlan.Rivals.Select(Collect)] : [];
        Table routed = Shown("Four tasks on held-out scenes: routing", variants);
        return new DemoFindings(
            new MultitaskDemoResults(Setting.ToDictionary(one => one.Key, one => one.Value), [.. variants.Select(Result)], [.. rivals.Select(Result)]),
            $"Plain LoRA reaches a mean of {none.Mean:0.0} over the four tasks ({none.Seeds.Count} {(none.Seeds.Count == 1 ? "seed" : "seeds")}). {Best(variants)}",
            Options.Rivals ? [routed, Shown(RivalTitle, rivals)] : [routed])
        {
            ReportTables = Options.Rivals ? [RivalTable(rivals)] : [],
        };
    }

    private static MultitaskDemoResult Result(VariantResult variant) => new(
        variant.Name, variant.Mean, variant.StandardDeviation, TasksOf(variant).ToDictionary(task => task, task => DemoTable.MeanOf(variant, task)), variant.TrainableParameters,
        [.. variant.Seeds.Select(seed => new MultitaskDemoSeed(seed.Seed, seed.Score, seed.PerGroup))]);

    private static IEnumerable<string> TasksOf(VariantResult variant) => variant.Seeds[0].PerGroup.Keys;

    private static Table Shown(string title, IReadOnlyList<VariantResult> variants) =>
        DemoTable.Of(title, new TableColumn("variant").NoWrap(), "mean", [.. TasksOf(variants[0]).Select(task => (task, task))], bySeed: null, variants);

    private static ReportTable RivalTable(IReadOnlyList<VariantResult> rivals)
    {
        string[] tasks = [.. TasksOf(rivals[0])];
        return new ReportTable(
            RivalTitle, "Means over seeds, at LoRA's learning rate (full fine-tuning at its recipe's own), which is not tuned for them.", ["method", "mean", .. tasks, "trainable"],
            [.. rivals.Select(one => (IReadOnlyList<string>)
                [one.Name, $"{one.Mean:0.0}", .. tasks.Select(task => $"{DemoTable.MeanOf(one, task):0.0}"), $"{one.TrainableParameters:N0}"])]);
    }
}

/// <summary>What OUT/results.json holds: accuracies in percent, CIDEr × 100.</summary>
internal sealed record MultitaskDemoResults(
    [property: JsonPropertyName("setting")] IReadOnlyDictionary<string, object> Setting,
    [property: JsonPropertyName("results")] IReadOnlyList<MultitaskDemoResult> Results,
    [property: JsonPropertyName("rivals")] IReadOnlyList<MultitaskDemoResult> Rivals);

/// <summary>One routing function, or a rival; plain LoRA is "none" in both lists.</summary>
internal sealed record MultitaskDemoResult(
    [property: JsonPropertyName("variant")] string Variant,
    [property: JsonPropertyName("mean")] double Mean,
    [property: JsonPropertyName("sd")] double? Sd,
    [property: JsonPropertyName("tasks")] IReadOnlyDictionary<string, double> Tasks,
    [property: JsonPropertyName("trainable_parameters")] long TrainableParameters,
    [property: JsonPropertyName("seeds")] IReadOnlyList<MultitaskDemoSeed> Seeds);

/// <summary>One run.</summary>
internal sealed record MultitaskDemoSeed(
    [property: JsonPropertyName("seed")] long Seed,
    [property: JsonPropertyName("mean")] double Mean,
    [property: JsonPropertyName("tasks")] IReadOnlyDictionary<string, double> Tasks);
