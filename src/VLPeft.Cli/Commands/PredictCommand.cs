using System.CommandLine;
using Spectre.Console;
using VLPeft.Experiments;

namespace VLPeft.Cli.Commands;

/// <summary><c>vlpeft predict RUN --image --question</c>: the likeliest answers to one question.</summary>
internal static class PredictCommand
{
    public static Command Create(CliConsole console)
    {
        Argument<string> run = CommonOptions.Run();
        Option<string?> image = new("--image", "-i") { Description = "A PNG or JPEG file.", HelpName = "file" };
        Option<long?> imageId = new("--image-id") { Description = "Instead: a picture's id in the run's feature file." };
        Option<string> question = new("--question", "-q") { Description = "The question.", Required = true };
        Option<int> top = new("--top") { Description = "How many answers to show.", DefaultValueFactory = _ => 5 };
        Option<string[]> plugin = CommonOptions.Plugin();
        Option<bool> json = CommonOptions.Json();
        var command = new Command("predict", "Answer one question about one picture (a run of question answering).") { run, image, imageId, question, top, plugin, json };
        command.SetAction(parsed =>
        {
            Plugins.Load(parsed.GetValue(plugin));
            if (parsed.GetValue(top) < 1)
                throw new InvalidInputException($"--top: expected 1 or more answers, got {parsed.GetValue(top)}.");
            if (parsed.GetValue(image) is not null && parsed.GetValue(imageId) is not null)
                throw new InvalidInputException("--image and --image-id: expected one of the two, got both.");
            using VqaExperiment experiment = RunReporters.With(console, reporter => VqaRun.Open(parsed.GetValue(run)!, reporter));
            IReadOnlyList<VqaAnswer> answers = experiment.Answer(parsed.GetValue(question)!, parsed.GetValue(image), parsed.GetValue(imageId), parsed.GetValue(top));
            if (parsed.GetValue(json))
                console.Json(new { question = parsed.GetValue(question), image = parsed.GetValue(image), answers });
            else
                Show(console, answers);
            return ExitCode.Done;
        });
        return command;
    }

    private static void Show(CliConsole console, IReadOnlyList<VqaAnswer> answers)
    {
        Table table = new Table().AddColumn("answer").AddColumn(new TableColumn("probability").RightAligned());
        foreach (VqaAnswer answer in answers)
            table.AddRow(Markup.Escape(answer.Answer), $"{answer.Probability:0.0000}");
        console.Out.Write(table);
    }
}
