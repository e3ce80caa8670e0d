using System.CommandLine;
using Spectre.Console;
using VLPeft.Evaluation.Captions;

namespace VLPeft.Cli.Commands;

/// <summary><c>vlpeft score captions</c>, <c>vlpeft score vqa</c>: the official scores of anyone's predictions.</summary>
internal static class ScoreCommand
{
    public static Command Create(CliConsole console) => new("score", "Score files of predictions with the official evaluations.")
    {
        Captions(console),
        ScoreVqa.Create(console),
    };

    private static Command Captions(CliConsole console)
    {
        Option<string> predictions = File("--predictions", "COCO results: [{\"image_id\", \"caption\"}].");
        Option<string> references = File("--references", "COCO annotations: {\"annotations\": [{\"image_id\", \"caption\"}]}.");
        Option<string?> meteor = CommonOptions.MeteorData(), spice = CommonOptions.SpiceJar();
        Option<string?> frequencies = new("--document-frequencies")
        {
            Description = "CIDEr's document frequencies, or references to count them in; otherwise they are counted in --references.",
            HelpName = "file",
        };
        Option<string?> perImage = new("--per-image") { Description = "Write the scores of each picture to this CSV file.", HelpName = "file" };
        Option<bool> json = CommonOptions.Json();
        var command = new Command("captions", "BLEU, METEOR, ROUGE-L, CIDEr and SPICE as the official COCO evaluation computes them.")
        {
            predictions, references, meteor, spice, frequencies, perImage, json,
        };
        command.SetAction(parsed =>
        {
            CaptionScorerOptions options = CommonOptions.Scoring(parsed.GetValue(meteor), parsed.GetValue(spice)) with
            {
                Frequencies = parsed.GetValue(frequencies) is string file ? DocumentFrequencies.Read(file) : null,
            };
            IReadOnlyList<CaptionExample> examples = CaptionExamples.Read(parsed.GetValue(predictions)!, parsed.GetValue(references)!);
            CaptionReport report = RunReporters.Overall(
                console, "scoring", progress => CaptionScorer.Score(examples, options with { Progress = progress }));
            if (parsed.GetValue(perImage) is string csv)
                CaptionScoreTable.Write(csv, report);
            if (parsed.GetValue(json))
                console.Json(new { scores = report.Scores, images = report.ImageIds.Count });
            else
                Show(console, report);
            return ExitCode.Done;
        });
        return command;
    }

    /// <summary>An option that names a file and must be given.</summary>
    internal static Option<string> File(string name, string description) =>
        new(name) { Description = description, HelpName = "file", Required = true };

    internal static void Show(CliConsole console, CaptionReport report)
    {
        Table table = new Table().AddColumn($"{report.ImageIds.Count:N0} pictures").AddColumn(new TableColumn("score").RightAligned());
        foreach ((string name, double? score) in report.Scores)
            table.AddRow(name, score is double value ? $"{value:0.0000}" : "not available");
        console.Out.Write(table);
        if (report.Scores["METEOR"] is null)
            console.Note("METEOR needs the official program's data: --meteor-data.");
        if (report.Scores["SPICE"] is null)
            console.Note("SPICE needs the official program and Java: --spice-jar.");
    }
}
