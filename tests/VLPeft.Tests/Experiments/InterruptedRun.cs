using VLPeft.Data;
using VLPeft.Data.Features;
using VLPeft.Experiments;
using VLPeft.Training;
using Xunit;

namespace VLPeft.Tests.Experiments;

/// <summary>Runs that are cancelled, and what they leave.</summary>
internal static class InterruptedRun
{
    /// <summary>Cancels at each step and goes on, to the end. How often it was started.</summary>
    public static int ToTheEnd(Func<IRunReporter, CancellationToken, TrainingOutcome> train)
    {
        int sessions = 0;
        TrainingStatus status;
        do
        {
            using var cancellation = new CancellationTokenSource();
            status = train(new StepReporter(_ => cancellation.Cancel()), cancellation.Token).Status;
            sessions++;
        }
        while (status == TrainingStatus.Interrupted);
        return sessions;
    }

    /// <summary>Checkpoints, the best of <paramref name="metric"/> among them, and log are the same to the byte.</summary>
    public static void AssertSame(string expected, string actual, string metric)
    {
        foreach (string name in (string[])["checkpoint.safetensors", "best-loss.safetensors", $"best-{metric}.safetensors", "metrics.jsonl"])
            Assert.True(File.ReadAllBytes(Path.Combine(expected, name)).AsSpan().SequenceEqual(File.ReadAllBytes(Path.Combine(actual, name))), name);
    }
}

/// <summary>Tells of steps alone.</summary>
internal sealed class StepReporter(Action<long>? onStep = null) : IRunReporter
{
    public IProgress<FeatureExtractionProgress>? Extraction(Split split, string kept) => null;

    public void Started(long totalSteps, long resumedAt) { }

    public void Step(StepReport step) => onStep?.Invoke(step.Number);

    public void Validated(long step, EvaluationResult result, IReadOnlyList<string> improved) { }

    public void Finished(TrainingOutcome outcome) { }

    public void Message(string text) { }
}
