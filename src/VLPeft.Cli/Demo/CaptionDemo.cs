using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Serialization;
using Spectre.Console;
using VLPeft.Checkpoints;
using VLPeft.Cli.Reports;
using VLPeft.Data;
using VLPeft.Evaluation.Captions;
using VLPeft.Experiments;
using VLPeft.Recipes;
using VLPeft.Training;

namespace VLPeft.Cli.Demo;

/// <summary><c>vlpeft demo --task captioning</c>: CIDEr and BLEU-4 of every routing function on held-out scenes.</summary>
internal static class CaptionDemo
{
    private const int Pictures = 12;
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    public static int Run(CliConsole console, DemoOptions options, CancellationToken cancellation)
    {
        var clock = Stopwatch.StartNew();
        IReadOnlyList<DemoRun> runs = DemoPlan.OfCaptions(options);
        console.Note($"{runs.Count} runs ({DemoPlan.Variants.Count} routing functions × {options.Seeds} seeds, and one that sees no picture), {options.Workers} side by side");
        RunReporters.With(console, reporter => CaptionExperiment.ExtractFeatures(DemoPlan.RecipeOf(runs[0]), reporter, cancellation));
        DemoCommand.Train(console, options, runs, cancellation);

        VariantResult[] variants = [.. DemoPlan.Variants.Select(name => Collect(name, runs))];
        VariantResult blind = Collect(DemoPlan.Blind, runs);
        CaptionDemoResults results = new(
            Setting(options, DemoPlan.RecipeOf(runs[0])).ToDictionary(one => one.Key, one => one.Value),
            [.. variants.Select(Result)], new Dictionary<string, double> { [DemoPlan.Blind] = blind.Mean });
        string resultFile = Path.Combine(options.Output, "results.json"), reportFile = Path.Combine(options.Output, "report.html");
        AtomicFile.WriteText(resultFile, JsonSerializer.Serialize(results, Indented) + "\n");
        HtmlReport.Write(reportFile, Report(options, runs, variants, blind, clock.Elapsed));
        if (options.Json)
            console.Line(JsonSerializer.Serialize(results, Indented));
        else
            Show(console, variants, results, blind);
        if (!options.Json)
            console.Line($"{clock.Elapsed.TotalSeconds:0} s. Results: {resultFile}. Report: {reportFile}");
        return ExitCode.Done;
    }

    private static VariantResult Collect(string variant, IReadOnlyList<DemoRun> runs)
    {
        DemoRun[] own = [.. runs.Where(run => run.Variant == variant)];
        return new VariantResult(variant, DemoCollector.TrainableParameters(own[0]), [.. own.Select(SeedOf)]);
    }

    private static SeedResult SeedOf(DemoRun run)
    {
        IReadOnlyDictionary<string, double?> scores = DemoCollector.Read<CaptionEvaluationReport>(run.Files.Evaluation(Split.Test)).Scores!;
        CurvePoint[] curve =
        [
            .. MetricsLog.Read(new RunFolder(run.Files.Folder).Metrics).Where(entry => entry.Validation is not null)
                .Select(entry => new CurvePoint(entry.Step, 100 * entry.Validation!["cider"])),
        ];
        var others = scores.Where(one => one.Key != "CIDEr" && one.Value is not null).ToDictionary(one => one.Key, one => 100 * one.Value!.Value);
        return new SeedResult(run.Seed, 100 * scores["CIDEr"]!.Value, curve, others, run.Files.Folder);
    }

    private static CaptionDemoResult Result(VariantResult variant) => new(
        variant.Name, variant.Mean, variant.StandardDeviation, variant.Seeds.Average(seed => seed.PerGroup["Bleu_4"]), variant.TrainableParameters,
        [.. variant.Seeds.Select(seed => new CaptionDemoSeed(seed.Seed, seed.Score, seed.PerGroup["Bleu_4"]))]);

    private static ReportModel Report(
        DemoOptions options, IReadOnlyList<DemoRun> runs, IReadOnlyList<VariantResult> variants, VariantResult blind, TimeSpan took) => new(
        "Routing functions: captions of procedural scenes",
        Summary(variants, blind),
        [.. Setting(options, DemoPlan.RecipeOf(runs[0])).Select(one => (one.Key.Replace('_', ' '), $"{one.Value}"))],
        variants,
        [new BaselineResult("blind", blind.Mean, "LoRA trained and tested with zeros in place of every image feature, seed 0")],
        Examples(runs),
        File.ReadAllText(runs.First(run => run.Variant == variants[^1].Name).Files.Audit),
        DemoReport.Machine(options, took),
        options.Command,
        "CIDEr × 100",
        "")
    {
        GroupName = "other metric (× 100)",
        Decimals = 1,
    };

    /// <summary>What came out, in measured numbers and whichever way it falls.</summary>
    private static string Summary(IReadOnlyList<VariantResult> variants, VariantResult blind)
    {
        VariantResult none = variants[0], best = variants.Skip(1).MaxBy(variant => variant.Mean)!;
        double gain = best.DifferenceTo(none)!.Mean;
        return $"Plain LoRA reaches CIDEr {none.Mean:0.0} (× 100, mean of {none.Seeds.Count} seeds), without a picture {blind.Mean:0.0}. "
            + (gain > 0 ? $"Of the routing functions, at equal trainable parameters, {best.Name} does best: {best.Mean:0.0}, {gain:0.0} points above plain LoRA."
                : $"No routing function does better; the best, {best.Name}, reaches {best.Mean:0.0}.");
    }

    private static IReadOnlyList<PictureExample> Examples(IReadOnlyList<DemoRun> runs)
    {
        DemoRun[] first = [.. runs.Where(run => run.Seed == 0 && DemoPlan.Variants.Contains(run.Variant))];
        CaptionSplit test = new CaptionData(DemoPlan.RecipeOf(first[0]).Data, 0).Get(Split.Test);
        var captions = first.Select(run => (run.Variant, Said: CaptionResultFile.Read(run.Files.Predictions(Split.Test)))).ToList();
        return
        [
            .. test.Pictures.Take(Pictures).Select(picture => new PictureExample(
                File.ReadAllBytes(test.Images!.PathOf(picture.ImageId)), "image/png", $"Test picture {picture.ImageId}: coloured shapes on a plain background",
                [new QuestionExample("", string.Join(" · ", picture.Captions),
                    [.. captions.Select(one => new AnswerExample(one.Variant, one.Said[$"{picture.ImageId}"], double.NaN, null))])])),
        ];
    }

    private static IReadOnlyList<(string Key, object Value)> Setting(DemoOptions options, Recipe recipe) =>
    [
        ("task", "captions of procedural scenes, official CIDEr and BLEU on the test split, × 100"),
        ("training_images", recipe.Data.Scenes.TrainImages),
        ("test_images", recipe.Data.Scenes.TestImages),
        ("vision", "ViT, 2 layers, d = 64, frozen, pooled feature"),
        ("text", "GPT-2, 4 layers, d = 64, pre-trained on captions alone, frozen"),
        ("method", $"LoRA on query and value of all layers, r = {recipe.Peft.Rank}, alpha = {recipe.Peft.Alpha ?? recipe.Peft.Rank}"),
        ("steps", recipe.Training.Steps),
        ("batch_size", recipe.Training.BatchSize),
        ("learning_rate", recipe.Training.LearningRate),
        ("clip_norm", recipe.Training.ClipNorm),
        ("beams", recipe.Generation.Beams),
        ("checkpoint", recipe.Training.Evaluate.ToString()),
        ("seeds", options.Seeds),
    ];

    private static void Show(CliConsole console, IReadOnlyList<VariantResult> variants, CaptionDemoResults results, VariantResult blind)
    {
        Table table = new Table().Title("Captions of held-out scenes, × 100").AddColumn("routing");
        foreach (string header in new[] { "CIDEr", "sd", "over none", "BLEU-4", "trainable", "CIDEr by seed" })
            table.AddColumn(new TableColumn(header).RightAligned());
        foreach ((VariantResult variant, CaptionDemoResult result) in variants.Zip(results.Results))
            table.AddRow(variant.Name, $"{variant.Mean:0.0}", variant.StandardDeviation is { } sd ? $"{sd:0.0}" : "–",
                variant == variants[0] ? "" : $"{variant.DifferenceTo(variants[0])!.Mean:+0.0;-0.0}", $"{result.Bleu4:0.0}", $"{variant.TrainableParameters:N0}",
                string.Join("  ", variant.Seeds.Select(seed => $"{seed.Score:0.0}")));
        table.AddEmptyRow();
        table.AddRow(new Markup("[dim]blind[/]"), new Markup($"[dim]{blind.Mean:0.0}[/]"));
        console.Out.Write(table);
        console.Line(Summary(variants, blind));
    }
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
