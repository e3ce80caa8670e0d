using System.Globalization;

namespace VLPeft.Training;

/// <summary>Plain lines with loss, throughput and time left, for logs and pipes.</summary>
/// <param name="writer">Where the lines go.</param>
/// <param name="interval">The least time between two lines about steps.</param>
/// <param name="clock">The clock; the system's when null.</param>
public sealed class TextProgress(TextWriter writer, TimeSpan interval, TimeProvider? clock = null) : IProgressReporter
{
    private readonly TimeProvider clock = clock ?? TimeProvider.System;
    private long total;
    private long firstStep;
    private long started;
    private long printed;
    private long examples;

    /// <inheritdoc/>
    public void Started(long totalSteps, long resumedAt)
    {
        (total, firstStep, examples) = (totalSteps, resumedAt, 0);
        started = printed = clock.GetTimestamp();
        if (resumedAt == 0)
            Line($"training for {totalSteps} steps");
        else
            Line($"resuming after step {resumedAt} of {totalSteps}");
    }

    /// <inheritdoc/>
    public void Step(StepReport step)
    {
        examples += step.Examples;
        TimeSpan since = clock.GetElapsedTime(printed);
        if (since < interval && step.Number < total)
            return;
        double rate = examples / Math.Max(since.TotalSeconds, 1e-9);
        // Over the whole session, so that validations and checkpoints count.
        TimeSpan left = clock.GetElapsedTime(started) * ((double)(total - step.Number) / (step.Number - firstStep));
        Line($"step {step.Number}/{total}  loss {step.Loss:g5}  lr {step.LearningRate:g3}  {rate:n0} examples/s  {Left(left)} left");
        printed = clock.GetTimestamp();
        examples = 0;
    }

    /// <inheritdoc/>
    public void Validated(long step, EvaluationResult result, IReadOnlyList<string> improved)
    {
        string best = improved.Count > 0 ? $"  (best {string.Join(", ", improved)} so far)" : "";
        string metrics = string.Join("  ", result.Metrics.Select(metric => Invariant($"{metric.Name} {metric.Value:g5}")));
        Line($"step {step}  validation {metrics}{best}");
    }

    /// <inheritdoc/>
    public void Finished(TrainingOutcome outcome)
    {
        string how = outcome.Status switch
        {
            TrainingStatus.Completed => "done",
            TrainingStatus.EarlyStopped => "stopped early",
            _ => "interrupted",
        };
        string best = string.Concat(outcome.Best.Select(
            pair => Invariant($"  best {pair.Key} {pair.Value.Value:g5} at step {pair.Value.Step}")));
        Line($"{how} after step {outcome.Steps}{best}");
    }

    /// <inheritdoc/>
    public void Message(string text) => writer.WriteLine(text);

    private void Line(FormattableString text) => writer.WriteLine(text.ToString(CultureInfo.InvariantCulture));

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private static string Left(TimeSpan time) => time.TotalDays >= 1
        ? Invariant($"{(int)time.TotalDays} d {time:hh\\:mm\\:ss}")
        : Invariant($"{time:h\\:mm\\:ss}");
}
