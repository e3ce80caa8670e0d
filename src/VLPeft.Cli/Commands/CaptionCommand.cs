using System.CommandLine;
using VLPeft.Evaluation.Captions;
using VLPeft.Experiments;
using VLPeft.Recipes;

namespace VLPeft.Cli.Commands;

/// <summary><c>vlpeft caption RUN --image</c>: captions of pictures; of a single one word by word on the terminal.</summary>
internal static class CaptionCommand
{
    public static Command Create(CliConsole console)
    {
        Argument<string> run = CommonOptions.Run();
        Option<string[]> image = new("--image", "-i")
        {
            Description = "PNG or JPEG files, or folders of them.",
            HelpName = "file|folder",
            AllowMultipleArgumentsPerToken = true,
        };
        Option<long[]> imageId = new("--image-id")
        {
            Description = "Instead: ids in the run's feature file.",
            AllowMultipleArgumentsPerToken = true,
        };
        Option<string?> output = new("--output", "-o")
        {
            Description = "Write the captions here, as JSON in COCO's result format.",
            HelpName = "file",
        };
        Option<int?> beams = new("--beams") { Description = "Beams instead of the recipe's; with 1 a single picture's caption comes word by word." };
        Option<string[]> plugin = CommonOptions.Plugin();
        Option<bool> json = CommonOptions.Json();
        var command = new Command("caption", "Caption pictures (a run of captioning).") { run, image, imageId, output, beams, plugin, json };
        command.SetAction(parsed =>
        {
            Plugins.Load(parsed.GetValue(plugin));
            IReadOnlyList<Picture> pictures = CaptionPictures.Of(parsed.GetValue(image) ?? [], parsed.GetValue(imageId) ?? []);
            return Run(console, parsed.GetValue(run)!, pictures, parsed.GetValue(beams), parsed.GetValue(output), parsed.GetValue(json));
        });
        return command;
    }

    private static int Run(CliConsole console, string folder, IReadOnlyList<Picture> pictures, int? beams, string? output, bool json)
    {
        if (beams < 1)
            throw new InvalidInputException($"--beams: expected 1 or more, got {beams}.");
        using var interruption = new Interruption(console);
        using CaptionExperiment experiment = RunReporters.With(console, reporter => CaptionRun.Open(folder, reporter, interruption.Token));
        GenerationSection generation = experiment.Recipe.Generation with { Beams = beams ?? experiment.Recipe.Generation.Beams };
        if (pictures is [{ File: { } file }] && output is null && !json)
        {
            Stream(console, onText => experiment.Caption(file, generation, onText, interruption.Token));
            return ExitCode.Done;
        }
        CaptionPrediction[] captions = RunReporters.Overall(
            console, "captions", progress => All(experiment, pictures, generation, progress, interruption.Token));
        Keep(console, captions, output, json);
        return ExitCode.Done;
    }

    /// <summary>Prints a text as it grows.</summary>
    private static void Stream(CliConsole console, Func<Action<string>, string> caption)
    {
        TextWriter writer = console.Out.Profile.Out.Writer;
        string shown = "";
        void Show(string text)
        {
            // A character whose bytes are not all there yet is shown with the next token.
            if (text.EndsWith('\uFFFD') || !text.StartsWith(shown, StringComparison.Ordinal))
                return;
            writer.Write(text.AsSpan(shown.Length));
            writer.Flush();
            shown = text;
        }
        string whole = caption(Show);
        writer.WriteLine(whole.StartsWith(shown, StringComparison.Ordinal) ? whole[shown.Length..] : $"\n{whole}");
    }

    private static CaptionPrediction[] All(
        CaptionExperiment experiment, IReadOnlyList<Picture> pictures, GenerationSection generation, Action<double> progress,
        CancellationToken cancellation)
    {
        var captions = new List<CaptionPrediction>(pictures.Count);
        foreach (Picture[] batch in pictures.Chunk(generation.BatchSize))
        {
            IReadOnlyList<string> said = batch[0].File is null
                ? experiment.Caption([.. batch.Select(picture => picture.FeatureId!.Value)], generation, cancellation)
                : experiment.Caption([.. batch.Select(picture => picture.File!)], generation, cancellation);
            captions.AddRange(batch.Zip(said, (picture, caption) => new CaptionPrediction(picture.Id, caption)));
            progress((double)captions.Count / pictures.Count);
        }
        return [.. captions];
    }

    private static void Keep(CliConsole console, CaptionPrediction[] captions, string? output, bool json)
    {
        if (output is not null)
        {
            CaptionResultFile.Write(output, captions);
            console.Note($"{captions.Length:N0} captions: {output}");
        }
        if (output is not null && !json)
            return;
        using var text = new MemoryStream();
        CaptionResultFile.Write(text, captions);
        console.Line(System.Text.Encoding.UTF8.GetString(text.ToArray()));
    }
}
