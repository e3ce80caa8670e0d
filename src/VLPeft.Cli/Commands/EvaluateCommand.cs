using System.CommandLine;
using Spectre.Console;
using VLPeft.Evaluation.Captions;
using VLPeft.Experiments;
using VLPeft.Recipes;

namespace VLPeft.Cli.Commands;

/// <summary><c>vlpeft evaluate RUN</c>: the official scores of a run on a split.</summary>
internal static class EvaluateCommand
{
    public static Command Create(CliConsole console)
    {
        Argument<string> run = CommonOptions.Run();
        Option<Split> split = new("--split") { Description = "train, validation or test.", DefaultValueFactory = _ => Split.Test };
        Option<string?> meteor = CommonOptions.MeteorData(), spice = CommonOptions.SpiceJar();
        Option<string[]> plugin = CommonOptions.Plugin();
        Option<bool> json = CommonOptions.Json();
        var command = new Command("evaluate", "Answer a split's questions or caption its pictures, and score that with the official evaluation.")
        {
            run, split, meteor, spice, plugin, json,
        };
        command.SetAction(parsed =>
        {
            Plugins.Load(parsed.GetValue(plugin));
            var request = new Request(console, parsed.GetValue(run)!, parsed.GetValue(split), parsed.GetValue(json));
            string? data = parsed.GetValue(meteor), jar = parsed.GetValue(spice);
            RecipeTask task = request.Files.ReadRecipe().Task;
            if (task == RecipeTask.Captioning)
                return Captions(request, CommonOptions.Scoring(data, jar));
            if (data is not null || jar is not null)
                throw new InvalidInputException("--meteor-data and --spice-jar: they score the captions of a run of captioning, which this is not.");
            if (task == RecipeTask.Multitask)
                return Several(request);
            return Answers(request);
        });
        return command;
    }

    private sealed record Request(CliConsole Console, string Folder, Split Split, bool Json)
    {
        public RunFiles Files { get; } = new(Folder);
    }

    private static int Answers(Request request)
    {
        using var interruption = new Interruption(request.Console);
        VqaEvaluationReport report = RunReporters.With(request.Console, reporter =>
        {
            using VqaExperiment experiment = VqaRun.Open(request.Folder, reporter, interruption.Token);
            return VqaEvaluationReport.Of(
                request.Split, VqaRun.Evaluate(experiment, request.Files, request.Split, interruption.Token), experiment.Recipe);
        });
        if (request.Json)
            request.Console.Json(report);
        else
            Show(request.Console, report, request.Files, request.Split);
        return ExitCode.Done;
    }

    private static int Captions(Request request, CaptionScorerOptions options)
    {
        using var interruption = new Interruption(request.Console);
        using CaptionExperiment experiment = RunReporters.With(
            request.Console, reporter => CaptionRun.Open(request.Folder, reporter, interruption.Token));
        CaptionScores scores = RunReporters.Overall(request.Console, "captions", progress => CaptionRun.Evaluate(
            experiment, request.Files, request.Split, options, progress, interruption.Token));
        if (request.Json)
            request.Console.Json(CaptionEvaluationReport.Of(request.Split, scores, experiment.Recipe));
        else if (scores.Report is { } report)
            ScoreCommand.Show(request.Console, report);
        else
            request.Console.Line($"{scores.Predictions.Count:N0} pictures captioned; the split has no references to score them by.");
        if (!request.Json)
            request.Console.Line($"captions: {request.Files.Predictions(request.Split)}");
        return ExitCode.Done;
    }

    private static int Several(Request request)
    {
        using var interruption = new Interruption(request.Console);
        using MultitaskExperiment experiment = RunReporters.With(
            request.Console, reporter => MultitaskRun.Open(request.Folder, reporter, interruption.Token));
        MultitaskEvaluationReport report = RunReporters.Overall(request.Console, "tasks", progress => MultitaskRun.Evaluate(
            experiment, request.Files, request.Split, progress, interruption.Token));
        if (request.Json)
            request.Console.Json(report);
        else
            Show(request.Console, report, request.Files);
        return ExitCode.Done;
    }

    private static void Show(CliConsole console, MultitaskEvaluationReport report, RunFiles files)
    {
        Table table = new Table().AddColumn("task").AddColumn(new TableColumn("examples").RightAligned()).AddColumn("measure").AddColumn(new TableColumn("").RightAligned());
        foreach ((string task, TaskEvaluation evaluation) in report.Tasks)
        {
            (string Name, double? Value)[] metrics = [.. evaluation.Metrics?.Select(one => (one.Key, one.Value)) ?? [("no answers to score by", null)]];
            foreach ((int i, (string name, double? value)) in metrics.Index())
                table.AddRow(i == 0 ? task : "", i == 0 ? $"{evaluation.Examples:N0}" : "", Markup.Escape(name), value is null ? "–" : $"{value:0.00##}");
        }
        table.AddRow("mean", "", "accuracy %, CIDEr × 100", report.Mean is { } mean ? $"{mean:0.00}" : "–");
        console.Out.Write(table);
        console.Line($"answers: {files.Predictions(Enum.Parse<Split>(report.Split, ignoreCase: true), "TASK")}");
    }

    private static void Show(CliConsole console, VqaEvaluationReport report, RunFiles files, Split split)
    {
        if (report.Accuracy is null)
        {
            console.Line($"{report.Questions:N0} questions answered; the split has no annotations to score them by.");
        }
        else
        {
            Table table = new Table().AddColumn("questions").AddColumn(new TableColumn("accuracy %").RightAligned());
            foreach ((string type, double accuracy) in report.Accuracy)
                table.AddRow(Markup.Escape(type == "all" ? $"all {report.Questions:N0} of {report.Split}" : type), $"{accuracy:0.00}");
            foreach ((string type, double accuracy) in report.AnswerTypes ?? new Dictionary<string, double>())
                table.AddRow(Markup.Escape($"answer type {type}"), $"{accuracy:0.00}");
            console.Out.Write(table);
        }
        console.Line($"answers: {files.Predictions(split)}");
    }
}
