using System.CommandLine;
using Spectre.Console;
using VLPeft.Experiments;
using VLPeft.Recipes;

namespace VLPeft.Cli.Commands;

/// <summary>
/// <c>vlpeft predict RUN --image --question</c>: the likeliest answers to one question; of a run of several tasks with <c>--task</c> and
/// <c>--text</c> what it says to a question, about a statement, or of a picture.
/// </summary>
internal static class PredictCommand
{
    public static Command Create(CliConsole console)
    {
        Argument<string> run = CommonOptions.Run();
        Option<string[]> image = new("--image", "-i") { Description = "A PNG or JPEG file; two of them, left and right, for a statement (nlvr).", HelpName = "file", AllowMultipleArgumentsPerToken = true };
        Option<long[]> imageId = new("--image-id") { Description = "Instead: a picture's id in the run's feature file.", AllowMultipleArgumentsPerToken = true };
        Option<string?> text = new("--question", "-q", "--text", "-t") { Description = "The question, or the statement.", HelpName = "text" };
        Option<TextTask?> task = new("--task") { Description = "Of a run of several tasks: vqa, gqa, nlvr or caption.", HelpName = "vqa|gqa|nlvr|caption" };
        Option<int> top = new("--top") { Description = "How many answers to show.", DefaultValueFactory = _ => 5 };
        Option<string[]> plugin = CommonOptions.Plugin();
        Option<bool> json = CommonOptions.Json();
        var command = new Command("predict", "Answer one question about one picture; of a run of several tasks also judge a statement about two, or caption one.")
        {
            run, image, imageId, text, task, top, plugin, json,
        };
        command.SetAction(parsed =>
        {
            Plugins.Load(parsed.GetValue(plugin));
            var request = new Request(
                console, parsed.GetValue(run)!, parsed.GetValue(text) ?? "", parsed.GetValue(image) ?? [], parsed.GetValue(imageId) ?? [], parsed.GetValue(json));
            if (request.Images.Length > 0 && request.ImageIds.Length > 0)
                throw new InvalidInputException("--image and --image-id: expected one of the two, got both.");
            if (new RunFiles(request.Run).ReadRecipe().Task == RecipeTask.Multitask)
                Say(request, parsed.GetValue(task) ?? throw new InvalidInputException("--task: the run has learnt several tasks; expected vqa, gqa, nlvr or caption."));
            else if (parsed.GetValue(task) is not null)
                throw new InvalidInputException("--task: the run has learnt one task only; leave it out.");
            else
                Answer(request, parsed.GetValue(top));
            return ExitCode.Done;
        });
        return command;
    }

    private sealed record Request(CliConsole Console, string Run, string Text, string[] Images, long[] ImageIds, bool Json);

    private static void Answer(Request request, int top)
    {
        if (top < 1)
            throw new InvalidInputException($"--top: expected 1 or more answers, got {top}.");
        if (request.Images.Length > 1 || request.ImageIds.Length > 1)
            throw new InvalidInputException($"--image: expected one picture, got {Math.Max(request.Images.Length, request.ImageIds.Length)}.");
        if (request.Text.Length == 0)
            throw new InvalidInputException("--question: expected what is asked of the picture, got nothing.");
        string? image = request.Images.FirstOrDefault();
        using VqaExperiment experiment = RunReporters.With(request.Console, reporter => VqaRun.Open(request.Run, reporter));
        IReadOnlyList<VqaAnswer> answers = experiment.Answer(request.Text, image, request.ImageIds.Length > 0 ? request.ImageIds[0] : null, top);
        if (request.Json)
            request.Console.Json(new { question = request.Text, image, answers });
        else
            Show(request.Console, answers);
    }

    private static void Say(Request request, TextTask task)
    {
        using MultitaskExperiment experiment = RunReporters.With(request.Console, reporter => MultitaskRun.Open(request.Run, reporter));
        string said = experiment.Say(task, request.Text, request.Images, request.ImageIds);
        if (request.Json)
            request.Console.Json(new { task = task.ToString().ToLowerInvariant(), text = request.Text, images = request.Images, said });
        else
            request.Console.Line(said);
    }

    private static void Show(CliConsole console, IReadOnlyList<VqaAnswer> answers)
    {
        Table table = new Table().AddColumn("answer").AddColumn(new TableColumn("probability").RightAligned());
        foreach (VqaAnswer answer in answers)
            table.AddRow(Markup.Escape(answer.Answer), $"{answer.Probability:0.0000}");
        console.Out.Write(table);
    }
}
