using Spectre.Console;
using VLPeft.Data.Features;
using VLPeft.Experiments;
using VLPeft.Training;

namespace VLPeft.Cli;

/// <summary>Progress bars on a terminal, plain lines elsewhere.</summary>
internal static class RunReporters
{
    /// <summary>Runs some work with a reporter that fits where standard error goes.</summary>
    public static T With<T>(CliConsole console, Func<IRunReporter, T> work)
    {
        if (!console.Error.Profile.Capabilities.Interactive || !console.Error.Profile.Out.IsTerminal)
            return work(new PlainRunReporter(new TextProgress(console.Error.Profile.Out.Writer, TimeSpan.FromSeconds(5))));
        return console.Error.Progress()
            .Columns(new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn())
            .Start(context => work(new BarReporter(console.Error, context)));
    }

    /// <summary>Runs some work that tells its share done, 0 … 1: one bar on a terminal, a line now and then elsewhere.</summary>
    public static T Overall<T>(CliConsole console, string what, Func<Action<double>, T> work)
    {
        if (console.Error.Profile.Capabilities.Interactive && console.Error.Profile.Out.IsTerminal)
            return console.Error.Progress()
                .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new ElapsedTimeColumn(), new RemainingTimeColumn())
                .Start(context =>
                {
                    ProgressTask task = context.AddTask(what, maxValue: 1);
                    return work(share => task.Value = share);
                });
        var clock = System.Diagnostics.Stopwatch.StartNew();
        TimeSpan next = TimeSpan.Zero;
        return work(share =>
        {
            if (clock.Elapsed < next || share <= 0)
                return;
            next = clock.Elapsed + TimeSpan.FromSeconds(10);
            console.Note($"{what}: {share:0 %}, {clock.Elapsed * ((1 - share) / share):m\\:ss} left");
        });
    }

    private sealed class BarReporter(IAnsiConsole console, ProgressContext context) : IRunReporter
    {
        private ProgressTask? _training;
        private DateTime _started;
        private long _examples;

        public IProgress<FeatureExtractionProgress>? Extraction(Split split, string kept) =>
            new ExtractionBar(context.AddTask(Markup.Escape($"{kept} features, {RunFiles.Name(split)}"), autoStart: false));

        public void Started(long totalSteps, long resumedAt)
        {
            _training = context.AddTask("training", maxValue: totalSteps);
            _training.Value = resumedAt;
            (_started, _examples) = (DateTime.UtcNow, 0);
            if (resumedAt > 0)
                Message($"goes on at step {resumedAt:N0} of {totalSteps:N0}");
        }

        public void Step(StepReport step)
        {
            _examples += step.Examples;
            _training!.Value = step.Number;
            double seconds = (DateTime.UtcNow - _started).TotalSeconds;
            _training.Description = $"training  loss {step.Loss:0.0000}  {_examples / Math.Max(seconds, 1e-3):0} examples/s";
        }

        public void Validated(long step, EvaluationResult result, IReadOnlyList<string> improved) =>
            Message($"step {step:N0}: {string.Join(", ", result.Metrics.Select(metric => $"{metric.Name} {metric.Value:0.####}{(improved.Contains(metric.Name) ? " (best)" : "")}"))}");

        public void Finished(TrainingOutcome outcome) => _training?.StopTask();

        public void Message(string text) => console.WriteLine(text);
    }

    private sealed class ExtractionBar(ProgressTask task) : IProgress<FeatureExtractionProgress>
    {
        public void Report(FeatureExtractionProgress value)
        {
            if (!task.IsStarted)
                task.StartTask();
            task.MaxValue = value.Total;
            task.Value = value.Done;
        }
    }
}
