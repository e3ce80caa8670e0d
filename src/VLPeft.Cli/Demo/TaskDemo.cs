using System.Diagnostics;
using System.Text.Json;
using Spectre.Console;
using VLPeft.Checkpoints;
using VLPeft.Cli.Reports;
using VLPeft.Cli.Reports.Runs;
using VLPeft.Cli.Workers;
using VLPeft.Experiments;
using VLPeft.Recipes;

namespace VLPeft.Cli.Demo;

/// <summary>The demo of one task: trains its runs side by side, then makes results.json, report.html and tables of their files.</summary>
internal abstract class TaskDemo(DemoOptions options, IReadOnlyList<DemoRun> runs)
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    protected DemoOptions Options { get; } = options;

    protected IReadOnlyList<DemoRun> Runs { get; } = runs;

    /// <summary>The first run's; in what all have in common, everyone's.</summary>
    protected Recipe Recipe => DemoPlan.RecipeOf(Runs[0]);

    /// <summary>What the runs are, for the first line.</summary>
    protected abstract string Counted { get; }

    /// <summary>The report's heading.</summary>
    protected abstract string Title { get; }

    /// <summary>What all runs have in common.</summary>
    protected abstract IReadOnlyList<(string Key, object Value)> Setting { get; }

    public static TaskDemo Of(DemoOptions options) => options.Task switch
    {
        RecipeTask.Captioning => new CaptionDemo(options),
        RecipeTask.Multitask => new MultitaskDemo(options),
        _ => new VqaDemo(options),
    };

    public int Run(CliConsole console, CancellationToken cancellation)
    {
        var clock = Stopwatch.StartNew();
        console.Note($"{Runs.Count} runs ({Counted}), {Options.Workers} side by side");
        RunReporters.With(console, reporter => RecipeRun.ExtractFeatures(Recipe, reporter, cancellation));
        Train(console, cancellation);

        VariantResult[] variants = [.. DemoPlan.Variants.Select(Collect)];
        DemoFindings findings = Find(variants);
        string results = JsonSerializer.Serialize(findings.Results, Indented);
        string resultFile = Path.Combine(Options.Output, "results.json"), reportFile = Path.Combine(Options.Output, "report.html");
        AtomicFile.WriteText(resultFile, results + "\n");
        HtmlReport.Write(reportFile, Report(variants, findings, clock.Elapsed));
        if (Options.Json)
        {
            console.Line(results);
            return ExitCode.Done;
        }
        foreach (Table table in findings.Tables)
            console.Out.Write(table);
        console.Line(findings.Summary);
        console.Line($"{clock.Elapsed.TotalSeconds:0} s. Results: {resultFile}. Report: {reportFile}");
        return ExitCode.Done;
    }

    /// <summary>What the runs came to, beside the routing functions' own results.</summary>
    protected abstract DemoFindings Find(IReadOnlyList<VariantResult> variants);

    /// <summary>Test pictures, with what each of these runs said.</summary>
    protected virtual IReadOnlyList<PictureExample> Pictures(IReadOnlyList<DemoRun> runs) =>
        ReportedTasks.Of(Options.Task).Examples([.. runs.Select(run => (run.Variant, run.Files))], Split.Test, pictures: 12);

    /// <summary>A variant's runs together; every number comes from their own files.</summary>
    protected VariantResult Collect(string variant)
    {
        EvaluatedRun[] own = [.. Runs.Where(run => run.Variant == variant).Select(run => EvaluatedRun.Open(run.Files.Folder, Split.Test))];
        return new VariantResult(variant, own[0].TrainableParameters, [.. own.Select(run => run.Result)]);
    }

    /// <summary>The best routing function beside plain LoRA, in measured numbers and whichever way it falls.</summary>
    protected static string Best(IReadOnlyList<VariantResult> variants, string unit = "")
    {
        VariantResult best = variants.Skip(1).MaxBy(variant => variant.Mean)!;
        double gain = best.DifferenceTo(variants[0])!.Mean;
        return gain > 0
            ? $"Of the routing functions, at equal trainable parameters, {best.Name} does best: {best.Mean:0.0}{unit}, {gain:0.0} points above plain LoRA."
            : $"No routing function does better; the best, {best.Name}, reaches {best.Mean:0.0}{unit}.";
    }

    private void Train(CliConsole console, CancellationToken cancellation)
    {
        double[] shares = new double[Runs.Count];
        IReadOnlyList<string?> errors = RunReporters.Overall(console, "training", progress => WorkerPool.Run(
            [.. Runs.Select(run => run.Job)], Options.Workers,
            (job, share) =>
            {
                shares[job] = share;
                progress(shares.Average());
            },
            cancellation).GetAwaiter().GetResult());
        string[] failed = [.. errors.Select((error, i) => error is null ? null : $"{Runs[i].Variant}, seed {Runs[i].Seed}: {error}").OfType<string>()];
        if (failed.Length > 0)
            throw new IOException($"{failed.Length} of {Runs.Count} runs failed. {string.Join(" ", failed.Take(3))}");
    }

    private ReportModel Report(IReadOnlyList<VariantResult> variants, DemoFindings findings, TimeSpan took)
    {
        IReportedTask task = ReportedTasks.Of(Options.Task);
        return new ReportModel(
            Title,
            findings.Summary,
            [.. Setting.Select(one => (one.Key.Replace('_', ' '), $"{one.Value}"))],
            variants,
            findings.Baselines,
            Pictures([.. Runs.Where(run => run.Seed == 0 && DemoPlan.Variants.Contains(run.Variant))]),
            File.ReadAllText(Runs.First(run => run.Variant == variants[^1].Name).Files.Audit),
            [.. ReportMachine.Describe(), ("runs side by side", $"{Options.Workers}, one thread each"), ("time", $"{took.TotalSeconds:0} s")],
            Options.Command,
            task.MetricName,
            task.Unit)
        {
            GroupName = task.GroupName,
            Decimals = task.Decimals,
            Tables = findings.ReportTables,
        };
    }
}

/// <summary>What a demo's runs came to.</summary>
/// <param name="Results">OUT/results.json.</param>
/// <param name="Summary">What came out, in measured numbers and whichever way it falls.</param>
/// <param name="Tables">For the console.</param>
internal sealed record DemoFindings(object Results, string Summary, IReadOnlyList<Table> Tables)
{
    /// <summary>For the report.</summary>
    public IReadOnlyList<BaselineResult> Baselines { get; init; } = [];

    /// <summary>Tables that the report has beside that of the routing functions.</summary>
    public IReadOnlyList<ReportTable> ReportTables { get; init; } = [];
}
