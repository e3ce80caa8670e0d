using System.CommandLine;
using System.Text.Json;
using VLPeft.Data.Features;
using VLPeft.Experiments;
using VLPeft.Recipes;
using VLPeft.Training;

namespace VLPeft.Cli.Workers;

/// <summary>
/// The hidden command <c>worker</c>: reads jobs from standard input, one JSON line each, and tells of them on standard output. Small models
/// run fastest with one thread, so several runs go side by side in processes of their own, each with its own random generator.
/// </summary>
internal static class WorkerCommand
{
    public static Command Create()
    {
        var command = new Command("worker", "Run jobs from standard input.") { Hidden = true };
        command.SetAction(_ =>
        {
            TorchSharp.torch.set_num_threads(1);
            while (Console.In.ReadLine() is { } line)
                Run(JsonSerializer.Deserialize<Job>(line)!);
            return ExitCode.Done;
        });
        return command;
    }

    private static void Run(Job job)
    {
        try
        {
            if (!job.IsTrained)
                RecipeRun.Train(Recipe.Load(job.Recipe, job.Overrides), job.Output, new EventReporter());
            if (job.Split is { } split)
                RecipeRun.Evaluate(job.Output, split, new EventReporter());
            Tell(new JobEvent(1, 1, IsDone: true));
        }
        catch (Exception error)
        {
            Tell(new JobEvent(0, 0, Error: error is InvalidInputException or IOException or TrainingDivergedException ? error.Message : error.ToString()));
        }
    }

    private static void Tell(JobEvent what)
    {
        Console.Out.WriteLine(JsonSerializer.Serialize(what));
        Console.Out.Flush();
    }

    private sealed class EventReporter : IRunReporter
    {
        private const int Every = 20;
        private long _total;

        public IProgress<FeatureExtractionProgress>? Extraction(Split split, string kept) => null;

        public void Started(long totalSteps, long resumedAt) => Tell(new JobEvent(resumedAt, _total = totalSteps));

        public void Step(StepReport step)
        {
            if (step.Number % Every == 0)
                Tell(new JobEvent(step.Number, _total));
        }

        public void Validated(long step, EvaluationResult result, IReadOnlyList<string> improved) { }

        public void Finished(TrainingOutcome outcome) { }

        public void Message(string text) { }
    }
}
