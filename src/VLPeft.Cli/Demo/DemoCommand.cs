using System.CommandLine;
using System.Diagnostics;
using System.Text.Json;
using Spectre.Console;
using VLPeft.Checkpoints;
using VLPeft.Cli.Commands;
using VLPeft.Cli.Reports;
using VLPeft.Cli.Workers;
using VLPeft.Experiments;
using VLPeft.Recipes;
using VLPeft.Training;

namespace VLPeft.Cli.Demo;

/// <summary><c>vlpeft demo</c>: the paper's comparison on the embedded benchmark, in minutes.</summary>
internal static class DemoCommand
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    public static Command Create(CliConsole console)
    {
        Option<string> output = new("--output", "-o") { Description = "Where results, report, data and runs go.", DefaultValueFactory = _ => "demo-output", HelpName = "folder" };
        Option<RecipeTask> task = new("--task") { Description = "What the models learn: vqa or captioning.", DefaultValueFactory = _ => RecipeTask.Vqa, HelpName = "vqa|captioning" };
        Option<int> seeds = new("--seeds") { Description = "Runs of each variant.", DefaultValueFactory = _ => 3 };
        Option<int> workers = new("--workers") { Description = "Runs side by side, one thread each; the number of cores when it is left out.", DefaultValueFactory = _ => Environment.ProcessorCount };
        Option<string[]> set = CommonOptions.Set();
        Option<bool> json = CommonOptions.Json();
        var command = new Command("demo", "Compare plain LoRA with every routing function on procedural pictures, their questions or captions: a table, results.json and report.html.")
        {
            task, output, seeds, workers, set, json,
        };
        command.SetAction(parsed => Run(console, new DemoOptions(
            parsed.GetValue(output)!, AtLeastOne(parsed.GetValue(seeds), "--seeds"), AtLeastOne(parsed.GetValue(workers), "--workers"),
            parsed.GetValue(set) ?? [], parsed.GetValue(json), parsed.GetValue(task))));
        return command;
    }

    private static int AtLeastOne(int value, string option) =>
        value >= 1 ? value : throw new InvalidInputException($"{option}: expected 1 or more, got {value}.");

    private static int Run(CliConsole console, DemoOptions options)
    {
        using var interruption = new Interruption(console);
        if (options.Task == RecipeTask.Captioning)
            return CaptionDemo.Run(console, options, interruption.Token);
        var clock = Stopwatch.StartNew();
        IReadOnlyList<DemoRun> runs = DemoPlan.Of(options);
        console.Note($"{runs.Count} runs ({DemoPlan.Variants.Count} routing functions and {DemoPlan.Controls.Count} controls × {options.Seeds} seeds), {options.Workers} side by side");
        RunReporters.With(console, reporter => VqaExperiment.ExtractFeatures(DemoPlan.RecipeOf(runs[0]), reporter, interruption.Token));
        Train(console, options, runs, interruption.Token);

        VariantResult[] variants = [.. DemoPlan.Variants.Select(variant => DemoCollector.Collect(variant, runs))];
        DemoBaselines baselines = DemoCollector.Baselines(
            runs, DemoCollector.Collect(DemoPlan.TextOnly, runs), DemoCollector.Collect(DemoPlan.Shuffled, runs));
        DemoResults results = DemoCollector.Results(options, runs, variants, baselines);
        string resultFile = Path.Combine(options.Output, "results.json"), reportFile = Path.Combine(options.Output, "report.html");
        AtomicFile.WriteText(resultFile, JsonSerializer.Serialize(results, Indented) + "\n");
        HtmlReport.Write(reportFile, DemoReport.Of(options, runs, variants, baselines, clock.Elapsed));
        if (options.Json)
            console.Line(JsonSerializer.Serialize(results, Indented));
        else
            Show(console, variants, baselines, resultFile, reportFile, clock.Elapsed);
        return ExitCode.Done;
    }

    internal static void Train(CliConsole console, DemoOptions options, IReadOnlyList<DemoRun> runs, CancellationToken cancellation)
    {
        double[] shares = new double[runs.Count];
        IReadOnlyList<string?> errors = RunReporters.Overall(console, "training", progress => WorkerPool.Run(
            [.. runs.Select(run => run.Job)], options.Workers,
            (job, share) =>
            {
                shares[job] = share;
                progress(shares.Average());
            },
            cancellation).GetAwaiter().GetResult());
        string[] failed = [.. errors.Select((error, i) => error is null ? null : $"{runs[i].Variant}, seed {runs[i].Seed}: {error}").OfType<string>()];
        if (failed.Length > 0)
            throw new IOException($"{failed.Length} of {runs.Count} runs failed. {string.Join(" ", failed.Take(3))}");
    }

    private static void Show(CliConsole console, IReadOnlyList<VariantResult> variants, DemoBaselines baselines, string resultFile, string reportFile, TimeSpan took)
    {
        Table table = new Table().Title("VQA accuracy on held-out scenes, %").AddColumn("routing");
        foreach (string header in new[] { "mean", "sd", "over none", "trainable", "seeds" })
            table.AddColumn(new TableColumn(header).RightAligned());
        foreach (VariantResult variant in variants)
            table.AddRow(variant.Name, $"{variant.Mean:0.0}", variant.StandardDeviation is { } sd ? $"{sd:0.0}" : "–",
                variant == variants[0] ? "" : $"{variant.DifferenceTo(variants[0])!.Mean:+0.0;-0.0}", $"{variant.TrainableParameters:N0}",
                string.Join("  ", variant.Seeds.Select(seed => $"{seed.Score:0.0}")));
        table.AddEmptyRow();
        foreach ((string name, double score) in new[]
        {
            ("text only", baselines.TextOnly), ("shuffled images", baselines.ShuffledImages),
            ("majority per question", baselines.MajorityPerQuestion), ("majority", baselines.Majority),
        })
            table.AddRow(new Markup($"[dim]{name}[/]"), new Markup($"[dim]{score:0.0}[/]"));
        console.Out.Write(table);
        console.Line(DemoReport.Summary(variants, baselines));
        console.Line($"{took.TotalSeconds:0} s. Results: {resultFile}. Report: {reportFile}");
    }
}
