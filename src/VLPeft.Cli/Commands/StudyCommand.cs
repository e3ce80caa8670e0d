using System.CommandLine;
using System.Diagnostics;
using System.Text.Json;
using Spectre.Console;
using VLPeft.Checkpoints;
using VLPeft.Cli.Reports;
using VLPeft.Cli.Reports.Runs;
using VLPeft.Cli.Studies;
using VLPeft.Studies;

namespace VLPeft.Cli.Commands;

/// <summary><c>vlpeft study NAME|FILE</c>: a grid of runs, compared.</summary>
internal static class StudyCommand
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    public static Command Create(CliConsole console)
    {
        Argument<string?> name = new("study") { Description = "A study file, or the name of a shipped one; without it the shipped ones are listed.", Arity = ArgumentArity.ZeroOrOne };
        Option<string?> output = new("--output", "-o") { Description = "Where report.html, results.json, results.csv and results.md go; runs/studies/NAME when it is left out.", HelpName = "folder" };
        Option<string?> cells = new("--cells") { Description = "Where runs are kept for all studies; 'cells' beside the output folder when it is left out.", HelpName = "folder" };
        Option<int?> seeds = new("--seeds") { Description = "Runs of each variant, instead of what the study says." };
        Option<int> workers = new("--workers") { Description = "Runs side by side, one thread each; the number of cores when it is left out.", DefaultValueFactory = _ => Environment.ProcessorCount };
        Option<string[]> set = CommonOptions.Set();
        Option<bool> json = CommonOptions.Json();
        var command = new Command("study", "Run a grid of recipes and compare them with intervals; a second call goes on where the first was stopped, and runs that another study made are used again.")
        {
            name, output, cells, seeds, workers, set, json,
        };
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(name) is not { } study)
                return List(console);
            string file = ShippedStudies.Resolve(study);
            string to = Path.GetFullPath(parsed.GetValue(output) ?? Path.Combine("runs", "studies", Path.GetFileNameWithoutExtension(file)));
            return Run(console, new StudyOptions(
                file, to, Path.GetFullPath(parsed.GetValue(cells) ?? Path.Combine(Path.GetDirectoryName(to) ?? to, "cells")),
                AtLeastOne(parsed.GetValue(workers), "--workers"), parsed.GetValue(seeds) is { } some ? AtLeastOne(some, "--seeds") : null,
                parsed.GetValue(set) ?? [], parsed.GetValue(json)) { Named = study });
        });
        return command;
    }

    private static int AtLeastOne(int value, string option) =>
        value >= 1 ? value : throw new InvalidInputException($"{option}: expected 1 or more, got {value}.");

    private static int List(CliConsole console)
    {
        Table table = new Table().AddColumn("study").AddColumn("what it asks");
        foreach (string name in ShippedStudies.Names)
            table.AddRow(Markup.Escape(name), Markup.Escape(Study.Load(ShippedStudies.Resolve(name)).Question));
        console.Out.Write(table);
        return ExitCode.Done;
    }

    private static int Run(CliConsole console, StudyOptions options)
    {
        using var interruption = new Interruption(console);
        var clock = Stopwatch.StartNew();
        var plan = new StudyPlan(Study.Load(options.File), options);
        console.Note($"{plan.Variants.Count} variants, {plan.Seeds} seeds{(plan.Study.LearningRates.Count > 1 ? $", {plan.Study.LearningRates.Count} learning rates to choose from" : "")}; runs in {options.Cells}");
        var (run, rates) = RunReporters.Overall(console, "runs", progress =>
        {
            var running = new StudyRun(plan, options.Workers, progress, interruption.Token);
            return (running, running.Run());
        });
        var collector = new StudyCollector(plan, rates);
        StudyResults results = Collect(plan, collector, run, options);
        Write(plan, collector, results, options, clock.Elapsed);
        if (options.Json)
            console.Line(JsonSerializer.Serialize(results, Indented));
        else
            Show(console, results, collector.Task, options, run, clock.Elapsed);
        return results.Failures.Count == 0 ? ExitCode.Done : ExitCode.Failed;
    }

    private static StudyResults Collect(StudyPlan plan, StudyCollector collector, StudyRun run, StudyOptions options)
    {
        IReadOnlyList<StudyFailure> failures = collector.Failures(run.Failures);
        IReadOnlyList<VariantResults> own = collector.Variants(own: true);
        if (own.All(variant => variant.Seeds.Count == 0))
            throw new IOException($"no run of the study succeeded. {failures[0].Variant}, seed {failures[0].Seed}: {failures[0].Error}");
        bool chosen = plan.Study.LearningRates.Count > 1;
        return new StudyResults(
            plan.Study.Title, plan.Study.Question, collector.Task.MetricName, plan.Study.ComparedAxis, own, chosen ? collector.Variants(own: false) : null, failures,
            CellKey.CodeVersion, options.Command);
    }

    private static void Write(StudyPlan plan, StudyCollector collector, StudyResults results, StudyOptions options, TimeSpan took)
    {
        string In(string name) => Path.Combine(options.Output, name);
        AtomicFile.WriteText(In("results.json"), JsonSerializer.Serialize(results, Indented) + "\n");
        AtomicFile.WriteText(In("results.csv"), StudyTables.Csv(results));
        AtomicFile.WriteText(In("results.md"), StudyTables.Markdown(results, collector.Task.Decimals));
        HtmlReport.Write(In("report.html"), StudyReport.Of(plan, collector, results, took, options.Workers));
    }

    private static void Show(CliConsole console, StudyResults results, IReportedTask task, StudyOptions options, StudyRun run, TimeSpan took)
    {
        string format = $"F{task.Decimals}";
        Table table = new Table().Title(Markup.Escape($"{results.Title}: {results.Metric}")).AddColumn("variant");
        foreach (string header in new[] { "rate", "mean", "sd", "difference [95 %]", "to" })
            table.AddColumn(new TableColumn(Markup.Escape(header)).RightAligned());
        foreach (VariantResults one in results.Own)
            table.AddRow([.. new[]
            {
                one.Name, $"{one.LearningRate}", one.Mean?.ToString(format) ?? "failed", one.Sd?.ToString(format) ?? "–",
                StudyTables.Difference(one.Difference, format), one.Difference?.To ?? "",
            }.Select(Markup.Escape)]);
        console.Out.Write(table);
        console.Line(StudyReport.Summary(results, format));
        foreach (StudyFailure failure in results.Failures)
            console.Note($"failed: {failure.Variant}, rate {failure.LearningRate}, seed {failure.Seed}: {failure.Error}");
        console.Line($"{took.TotalSeconds:0} s, {run.Count.Made} runs made, {run.Count.Found} were there. Report: {Path.Combine(options.Output, "report.html")}");
    }
}
