using VLPeft.Training;
using Xunit;

namespace VLPeft.Tests.Pretraining;

internal static class Folders
{
    public static void AssertSame(string expected, string actual)
    {
        string[] names = [.. Directory.GetFiles(expected).Select(path => Path.GetFileName(path)).Order()];
        Assert.Equal(names, Directory.GetFiles(actual).Select(path => Path.GetFileName(path)).Order());
        Assert.All(names, name => Assert.Equal(
            File.ReadAllBytes(Path.Combine(expected, name)), File.ReadAllBytes(Path.Combine(actual, name))));
    }
}

/// <summary>Cancels when a step is done.</summary>
internal sealed class CancelAt(long step, CancellationTokenSource source) : IProgressReporter
{
    public void Started(long totalSteps, long resumedAt) { }

    public void Step(StepReport report)
    {
        if (report.Number == step)
            source.Cancel();
    }

    public void Validated(long at, EvaluationResult result, IReadOnlyList<string> improved) { }

    public void Finished(TrainingOutcome outcome) { }

    public void Message(string text) { }
}
