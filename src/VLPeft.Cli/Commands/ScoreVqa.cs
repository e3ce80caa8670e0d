using System.CommandLine;
using Spectre.Console;
using VLPeft.Data;
using VLPeft.Evaluation;

namespace VLPeft.Cli.Commands;

/// <summary><c>vlpeft score vqa</c>: the official VQA accuracy of a file of answers.</summary>
internal static class ScoreVqa
{
    public static Command Create(CliConsole console)
    {
        Option<string> predictions = ScoreCommand.File("--predictions", "VQA results: [{\"question_id\", \"answer\"}].");
        Option<string> questions = ScoreCommand.File("--questions", "VQAv2's questions.");
        Option<string> annotations = ScoreCommand.File("--annotations", "VQAv2's annotations.");
        Option<bool> json = CommonOptions.Json();
        var command = new Command("vqa", "The official VQA accuracy, overall, by answer type and by question type.")
        {
            predictions, questions, annotations, json,
        };
        command.SetAction(parsed =>
        {
            IReadOnlyList<VqaPrediction> answers = VqaResultFile.Read(parsed.GetValue(predictions)!);
            IReadOnlyList<VqaExample> examples = VqaV2Reader.Read(parsed.GetValue(questions)!, parsed.GetValue(annotations)!);
            VqaAccuracyReport report = VqaAccuracy.Evaluate(examples, answers);
            if (parsed.GetValue(json))
                console.Json(Json(report));
            else
                Show(console, report);
            return ExitCode.Done;
        });
        return command;
    }

    private static object Json(VqaAccuracyReport report) => new
    {
        scores = new
        {
            overall = report.Overall.Accuracy,
            perAnswerType = report.PerAnswerType.ToDictionary(type => type.Key, type => type.Value.Accuracy),
            perQuestionType = report.PerQuestionType.ToDictionary(type => type.Key, type => type.Value.Accuracy),
        },
        questions = report.Overall.Questions,
    };

    private static void Show(CliConsole console, VqaAccuracyReport report)
    {
        Table table = new Table()
            .AddColumn("questions").AddColumn(new TableColumn("number").RightAligned()).AddColumn(new TableColumn("accuracy %").RightAligned());
        Row(table, "all", report.Overall);
        foreach ((string type, VqaScore score) in report.PerAnswerType)
            Row(table, $"answer type {type}", score);
        foreach ((string type, VqaScore score) in report.PerQuestionType)
            Row(table, type, score);
        console.Out.Write(table);
    }

    private static void Row(Table table, string what, VqaScore score) =>
        table.AddRow(Markup.Escape(what), $"{score.Questions:N0}", $"{score.Accuracy:0.00}");
}
