using System.CommandLine;
using Spectre.Console;
using VLPeft.Experiments;

namespace VLPeft.Cli.Commands;

/// <summary><c>vlpeft evaluate RUN</c>: the official accuracy of a run on a split.</summary>
internal static class EvaluateCommand
{
    public static Command Create(CliConsole console)
    {
        Argument<string> run = CommonOptions.Run();
        Option<Split> split = new("--split") { Description = "train, validation or test.", DefaultValueFactory = _ => Split.Test };
        Option<string[]> plugin = CommonOptions.Plugin();
        Option<bool> json = CommonOptions.Json();
        var command = new Command("evaluate", "Answer a split's questions and score them with the official VQA accuracy.") { run, split, plugin, json };
        command.SetAction(parsed =>
        {
            Plugins.Load(parsed.GetValue(plugin));
            return Run(console, parsed.GetValue(run)!, parsed.GetValue(split), parsed.GetValue(json));
        });
        return command;
    }

    private static int Run(CliConsole console, string folder, Split split, bool json)
    {
        using var interruption = new Interruption(console);
        var files = new RunFiles(folder);
        VqaEvaluationReport report = RunReporters.With(console, reporter =>
        {
            using VqaExperiment experiment = VqaRun.Open(folder, reporter, interruption.Token);
            return VqaEvaluationReport.Of(split, VqaRun.Evaluate(experiment, files, split, interruption.Token), experiment.Recipe);
        });
        if (json)
            console.Json(report);
        else
            Show(console, report, files, split);
        return ExitCode.Done;
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
