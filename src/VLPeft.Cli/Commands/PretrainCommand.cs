using System.CommandLine;
using TorchSharp;
using VLPeft.Pretraining;
using VLPeft.Training;

namespace VLPeft.Cli.Commands;

/// <summary><c>vlpeft pretrain vision|text|clip</c>: the embedded benchmark's backbones, or a text encoder of one's own texts.</summary>
internal static class PretrainCommand
{
    public static Command Create(CliConsole console) =>
        new("pretrain", "Pre-train a small backbone in minutes on a CPU, as a Hugging Face folder.") { Vision(console), Text(console), Clip(console) };

    private static Command Vision(CliConsole console)
    {
        var defaults = new VisionPretrainingOptions();
        Option<VisionArchitecture> architecture = Architecture(
            "vit reads the class token, beit has its positions in the attention and reads the mean of the patches.", defaults.Architecture, "vit|beit");
        var command = new Command("vision", "A ViT or a BEiT that tells which attributes a drawn scene has: 2 layers, 64 wide.") { architecture };
        return Scenes(console, command, defaults, (parsed, options, folder, progress, cancellation) => VisionPretraining.Run(
            (VisionPretrainingOptions)options with { Architecture = parsed.GetValue(architecture) }, folder, progress, cancellation));
    }

    private static Command Clip(CliConsole console) => Scenes(
        console, new Command("clip", "A CLIP of drawn scenes and their captions, five to a picture: two towers of 2 layers, 64 wide."), new ClipPretrainingOptions(),
        (_, options, folder, progress, cancellation) => ClipPretraining.Run((ClipPretrainingOptions)options, folder, progress, cancellation));

    private static Command Scenes(CliConsole console, Command command, ScenePretrainingOptions defaults,
        Func<ParseResult, ScenePretrainingOptions, string, IProgressReporter, CancellationToken, PretrainingOutcome> run)
    {
        Option<string> output = Output();
        Option<bool> json = CommonOptions.Json();
        var options = new PretrainScenesOptions(defaults);
        command.Add(output);
        options.AddTo(command);
        command.Add(json);
        command.SetAction(parsed =>
        {
            string folder = parsed.GetValue(output)!;
            return Run(console, folder, parsed.GetValue(json),
                (progress, cancellation) => run(parsed, options.Of(parsed), folder, progress, cancellation));
        });
        return command;
    }

    private static Command Text(CliConsole console)
    {
        var defaults = new TextPretrainingOptions();
        Option<string> output = Output();
        Option<long> seed = CommonOptions.Number("--seed", "Seeds weights, texts, masks and their order.", defaults.Seed);
        Option<TextArchitecture> architecture = Architecture(
            "roberta guesses masked words, gpt2 predicts the next one (of captions, where texts are generated), bart restores texts with spans missing.",
            defaults.Architecture, "roberta|gpt2|bart");
        Option<string?> texts = new("--texts")
        {
            Description = "Your own texts, one a line, instead of generated ones.",
            HelpName = "file",
        };
        Option<string?> questions = new("--questions")
        {
            Description = "A questions file of VQAv2 or easy-VQA, instead of generated texts.",
            HelpName = "file",
        };
        Option<string?> captions = new("--captions")
        {
            Description = "A captions file in COCO's form, instead of generated texts.",
            HelpName = "file",
        };
        Option<int> generate = CommonOptions.Number("--generate", "Questions and captions of drawn scenes to generate (captions alone for gpt2, statements as well for bart).", defaults.Texts);
        Option<int> count = CommonOptions.Number("--min-count", "How often a word of your own texts must occur to get a token.", defaults.MinimumCount);
        Option<int> length = CommonOptions.Number("--max-length", "The longest text in tokens; what is over is cut.", defaults.MaxLength);
        Option<int> steps = CommonOptions.Number("--steps", "Optimizer steps.", defaults.Steps);
        Option<int> batch = CommonOptions.Number("--batch-size", "Texts in a batch.", defaults.BatchSize);
        Option<double> rate = CommonOptions.Number("--learning-rate", "The peak learning rate.", defaults.LearningRate);
        Option<bool> json = CommonOptions.Json();
        var command = new Command("text", "A RoBERTa, a GPT-2 or a BART with a vocabulary of whole words: 4 layers, 64 wide.")
        {
            output, architecture, seed, texts, questions, captions, generate, count, length, steps, batch, rate, json,
        };
        command.SetAction(parsed =>
        {
            (TextSource source, string? file) = SourceOf(parsed.GetValue(texts), parsed.GetValue(questions), parsed.GetValue(captions));
            var options = new TextPretrainingOptions
            {
                Seed = parsed.GetValue(seed),
                Architecture = parsed.GetValue(architecture),
                Source = source,
                File = file,
                Texts = parsed.GetValue(generate),
                MinimumCount = parsed.GetValue(count),
                MaxLength = parsed.GetValue(length),
                Steps = parsed.GetValue(steps),
                BatchSize = parsed.GetValue(batch),
                LearningRate = parsed.GetValue(rate),
            };
            string folder = parsed.GetValue(output)!;
            return Run(console, folder, parsed.GetValue(json),
                (progress, cancellation) => TextPretraining.Run(options, folder, progress, cancellation));
        });
        return command;
    }

    private static (TextSource, string?) SourceOf(string? texts, string? questions, string? captions) => (texts, questions, captions) switch
    {
        (null, null, null) => (TextSource.Scenes, null),
        (not null, null, null) => (TextSource.Lines, texts),
        (null, not null, null) => (TextSource.Questions, questions),
        (null, null, not null) => (TextSource.Captions, captions),
        _ => throw new InvalidInputException("--texts, --questions and --captions: expected one of them, got more."),
    };

    private static int Run(
        CliConsole console, string folder, bool json, Func<IProgressReporter, CancellationToken, PretrainingOutcome> work)
    {
        // Small matrices: one thread is faster than two, and the result doesn't depend on the machine's number of cores.
        torch.set_num_threads(1);
        using var interruption = new Interruption(console);
        PretrainingOutcome outcome = RunReporters.With(console, reporter => work(reporter, interruption.Token));
        if (outcome.Report is not { } report)
        {
            (long done, long all) = (outcome.Training.Steps, outcome.Training.TotalSteps);
            console.Note($"interrupted at step {done:N0} of {all:N0}; the same command goes on from there.");
            return ExitCode.Interrupted;
        }
        if (json)
            console.Json(report);
        else
            console.Line($"{folder}: {report.Parameters.Backbone:N0} parameters; held out: "
                + string.Join(", ", report.HeldOut.Select(metric => $"{metric.Key} {metric.Value:0.####}")));
        return ExitCode.Done;
    }

    private static Option<string> Output() => new("--output", "-o")
    {
        Description = "The model's folder: new, empty, or an earlier result, which is replaced.",
        HelpName = "folder",
        Required = true,
    };

    private static Option<T> Architecture<T>(string description, T value, string names) where T : struct, Enum =>
        new("--architecture") { Description = description, DefaultValueFactory = _ => value, HelpName = names };
}
