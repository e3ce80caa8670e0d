using VLPeft.Training;
using Xunit;

namespace VLPeft.Tests.Training;

public sealed class ProgressTests
{
    private sealed class Clock : TimeProvider
    {
        public TimeSpan Now { get; set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Now.Ticks;
    }

    [Fact]
    public void Lines_show_throughput_and_time_left_at_most_once_an_interval()
    {
        var writer = new StringWriter { NewLine = "\n" };
        var clock = new Clock();
        var progress = new TextProgress(writer, TimeSpan.FromSeconds(10), clock);
        progress.Started(200, 100);
        for (int step = 101; step <= 125; step++)
        {
            clock.Now += TimeSpan.FromSeconds(1);
            progress.Step(new StepReport(step, 0.123456789, 3e-4, 64));
        }
        progress.Validated(125, new EvaluationResult(EvaluationResult.Loss(0.25), EvaluationResult.Accuracy(0.5)), ["loss"]);
        progress.Message("a remark");
        var best = new Dictionary<string, BestValue> { ["loss"] = new(0.25, 125) };
        progress.Finished(new TrainingOutcome(TrainingStatus.Interrupted, 125, 200, best));

        Assert.Equal(
            """
            resuming after step 100 of 200
            step 110/200  loss 0.12346  lr 0.0003  64 examples/s  0:01:30 left
            step 120/200  loss 0.12346  lr 0.0003  64 examples/s  0:01:20 left
            step 125  validation loss 0.25  accuracy 0.5  (best loss so far)
            a remark
            interrupted after step 125  best loss 0.25 at step 125

            """.ReplaceLineEndings("\n"), writer.ToString());
    }

    [Fact]
    public void The_last_step_is_always_shown_and_days_are_counted()
    {
        var writer = new StringWriter { NewLine = "\n" };
        var clock = new Clock();
        var progress = new TextProgress(writer, TimeSpan.FromHours(1), clock);
        progress.Started(100, 0);
        clock.Now = TimeSpan.FromHours(1);
        progress.Step(new StepReport(1, 1, 1, 3600));
        clock.Now += TimeSpan.FromSeconds(2);
        progress.Step(new StepReport(100, 1, 1, 3000));
        Assert.Equal(
            """
            training for 100 steps
            step 1/100  loss 1  lr 1  1 examples/s  4 d 03:00:00 left
            step 100/100  loss 1  lr 1  1,500 examples/s  0:00:00 left

            """.ReplaceLineEndings("\n"), writer.ToString());
    }
}
