using System.CommandLine;
using VLPeft.Cli.Commands;
using VLPeft.Cli.Demo;
using VLPeft.Cli.Workers;
using VLPeft.Training;

namespace VLPeft.Cli;

/// <summary>The command line: parses, runs a command, and turns what goes wrong into one paragraph and an exit code.</summary>
internal static class CliApplication
{
    public static int Run(string[] args, CliConsole console)
    {
        RootCommand root = Root(console);
        ParseResult parsed = root.Parse(args.Length == 0 ? ["--help"] : args);
        if (parsed.Action is not System.CommandLine.Help.HelpAction && UsageErrors.Find(parsed) is { } wrong)
        {
            console.Note($"error: {wrong}");
            console.Note($"`{UsageErrors.NameOf(parsed.CommandResult)} --help` shows what there is.");
            return ExitCode.BadInput;
        }
        var configuration = new InvocationConfiguration
        {
            EnableDefaultExceptionHandler = false,
            ProcessTerminationTimeout = null, // Ctrl-C is ours: training ends with a checkpoint
            Output = console.Out.Profile.Out.Writer,
            Error = console.Error.Profile.Out.Writer,
        };
        try
        {
            int code = parsed.Invoke(configuration);
            return args.Length == 0 ? ExitCode.BadInput : code;
        }
        catch (Exception error)
        {
            return Explain(error, console);
        }
    }

    private static RootCommand Root(CliConsole console) => new("Vision-language parameter-efficient fine-tuning with routing functions.")
    {
        DemoCommand.Create(console),
        TrainCommand.Create(console),
        EvaluateCommand.Create(console),
        StudyCommand.Create(console),
        ReportCommand.Create(console),
        AnalyseCommand.Create(console),
        ScoreCommand.Create(console),
        PredictCommand.Create(console),
        CaptionCommand.Create(console),
        ServeCommand.Create(console),
        InspectCommand.Create(console),
        FeaturesCommand.Create(console),
        DataCommand.Create(console),
        PretrainCommand.Create(console),
        RecipesCommand.Create(console),
        WorkerCommand.Create(),
    };

    private static int Explain(Exception error, CliConsole console)
    {
        switch (error)
        {
            case InvalidInputException:
                console.Note($"error: {error.Message}");
                return ExitCode.BadInput;
            case OperationCanceledException:
                console.Note("interrupted.");
                return ExitCode.Interrupted;
            case TrainingDivergedException or IOException or UnauthorizedAccessException:
                console.Note($"error: {error.Message}");
                return ExitCode.Failed;
            default:
                console.Note($"error: {error.Message}");
                if (Environment.GetEnvironmentVariable("VLPEFT_TRACE") is { Length: > 0 })
                    console.Note(error.ToString());
                else
                    console.Note($"This is not an error of your input ({error.GetType().Name}); VLPEFT_TRACE=1 shows where it comes from.");
                return ExitCode.Failed;
        }
    }
}
