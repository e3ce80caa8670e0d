using System.CommandLine;
using VLPeft.Data;
using VLPeft.Pretraining;

namespace VLPeft.Cli.Commands;

/// <summary><c>vlpeft pretrain vision|text</c>: the tiny backbones of the embedded benchmark, or a tiny RoBERTa on one's own texts.</summary>
internal static class PretrainCommand
{
    public static Command Create(CliConsole console) => new("pretrain", "Pre-train a tiny backbone, each on its own modality.") { Vision(console), Text(console) };

    private static Command Vision(CliConsole console)
    {
        Option<string> output = Output();
        Option<long> seed = Seed();
        Option<int> steps = new("--steps") { Description = "Training steps.", DefaultValueFactory = _ => new VisionPretrainingOptions().Steps };
        Option<int> images = new("--images") { Description = "Pictures.", DefaultValueFactory = _ => new VisionPretrainingOptions().Images };
        Option<bool> json = CommonOptions.Json();
        var command = new Command("vision", "A tiny ViT on procedural scenes, by their attributes.") { output, seed, steps, images, json };
        command.SetAction(parsed =>
        {
            var options = new VisionPretrainingOptions { Seed = parsed.GetValue(seed), Steps = AtLeast(1, parsed.GetValue(steps), "--steps"), Images = AtLeast(1, parsed.GetValue(images), "--images") };
            return Run(console, parsed.GetValue(output)!, parsed.GetValue(json),
                (folder, reporter, cancellation) => VisionPretraining.Run(options, folder, reporter, cancellation));
        });
        return command;
    }

    private static Command Text(CliConsole console)
    {
        Option<string> output = Output();
        Option<long> seed = Seed();
        Option<int> steps = new("--steps") { Description = "Training steps.", DefaultValueFactory = _ => new TextPretrainingOptions().Steps };
        Option<string?> texts = new("--texts") { Description = "Texts of your own, one a line, instead of questions and captions about scenes.", HelpName = "file" };
        Option<string?> questions = new("--questions") { Description = "The questions of a VQAv2 questions file instead.", HelpName = "file" };
        Option<string?> easyVqa = new("--easy-vqa") { Description = "The training questions of an easy-VQA folder instead.", HelpName = "folder" };
        Option<bool> json = CommonOptions.Json();
        var command = new Command("text", "A tiny RoBERTa by masked language modelling.") { output, seed, steps, texts, questions, easyVqa, json };
        command.SetAction(parsed =>
        {
            IReadOnlyList<string>? own = Texts(parsed.GetValue(texts), parsed.GetValue(questions), parsed.GetValue(easyVqa));
            var options = new TextPretrainingOptions { Seed = parsed.GetValue(seed), Steps = AtLeast(1, parsed.GetValue(steps), "--steps"), Texts = own };
            return Run(console, parsed.GetValue(output)!, parsed.GetValue(json),
                (folder, reporter, cancellation) => TextPretraining.Run(options, folder, reporter, cancellation));
        });
        return command;
    }

    private delegate IReadOnlyDictionary<string, double>? Pretraining(string folder, Training.IProgressReporter reporter, CancellationToken cancellation);

    private static int Run(CliConsole console, string folder, bool json, Pretraining pretraining)
    {
        using var interruption = new Interruption(console);
        TorchSharp.torch.set_num_threads(1); // small matrices: one thread is faster than two, and gives the same bytes anywhere
        IReadOnlyDictionary<string, double>? metrics = RunReporters.With(console, reporter => pretraining(folder, reporter, interruption.Token));
        if (metrics is null)
        {
            console.Note("interrupted; the same command goes on from there.");
            return ExitCode.Interrupted;
        }
        if (json)
            console.Json(new { folder = Path.GetFullPath(folder), held_out = metrics });
        else
            console.Line($"{folder}: held out {string.Join(", ", metrics.Select(one => $"{one.Key} {one.Value:0.0000}"))}");
        return ExitCode.Done;
    }

    private static IReadOnlyList<string>? Texts(string? texts, string? questions, string? easyVqa)
    {
        if (new[] { texts, questions, easyVqa }.Count(one => one is not null) > 1)
            throw new InvalidInputException("--texts, --questions, --easy-vqa: expected one of them at most.");
        if (questions is not null)
            return [.. VqaV2Reader.Read(questions).Select(example => example.Question)];
        if (easyVqa is not null)
            return [.. EasyVqaReader.Read(easyVqa, "train").Select(example => example.Question)];
        if (texts is null)
            return null;
        return File.Exists(texts) ? [.. File.ReadLines(texts).Where(line => !string.IsNullOrWhiteSpace(line))]
            : throw new InvalidInputException($"--texts {texts}: there is no such file.");
    }

    private static Option<string> Output() => new("--output", "-o") { Description = "The Hugging Face folder to make.", Required = true, HelpName = "folder" };

    private static Option<long> Seed() => new("--seed") { Description = "Seeds data, weights and batches.", DefaultValueFactory = _ => 1 };

    private static int AtLeast(int minimum, int value, string option) =>
        value >= minimum ? value : throw new InvalidInputException($"{option}: expected {minimum} or more, got {value}.");
}
