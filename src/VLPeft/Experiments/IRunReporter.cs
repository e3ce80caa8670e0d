using VLPeft.Data.Features;
using VLPeft.Training;

namespace VLPeft.Experiments;

/// <summary>Is told what a run does: training steps, and what comes before and after them.</summary>
public interface IRunReporter : IProgressReporter
{
    /// <summary>Takes the progress of feature extraction for a split; null when nobody looks.</summary>
    IProgress<FeatureExtractionProgress>? Extraction(Split split, string kept);
}

/// <summary>Passes training progress on to another reporter, and says what is extracted in plain lines.</summary>
/// <param name="training">Takes the training progress.</param>
public sealed class PlainRunReporter(IProgressReporter training) : IRunReporter
{
    /// <inheritdoc/>
    public IProgress<FeatureExtractionProgress>? Extraction(Split split, string kept) => new Lines(training, split, kept);

    /// <inheritdoc/>
    public void Started(long totalSteps, long resumedAt) => training.Started(totalSteps, resumedAt);

    /// <inheritdoc/>
    public void Step(StepReport step) => training.Step(step);

    /// <inheritdoc/>
    public void Validated(long step, EvaluationResult result, IReadOnlyList<string> improved) => training.Validated(step, result, improved);

    /// <inheritdoc/>
    public void Finished(TrainingOutcome outcome) => training.Finished(outcome);

    /// <inheritdoc/>
    public void Message(string text) => training.Message(text);

    private sealed class Lines(IProgressReporter reporter, Split split, string kept) : IProgress<FeatureExtractionProgress>
    {
        private DateTime _next = DateTime.MinValue;

        public void Report(FeatureExtractionProgress value)
        {
            bool isEnd = value.Done == value.Total;
            if (value.Encoded == 0 || (!isEnd && DateTime.UtcNow < _next))
                return;
            _next = DateTime.UtcNow.AddSeconds(5);
            reporter.Message($"{kept} features of the {RunFiles.Name(split)} pictures: {value.Done:N0} of {value.Total:N0}");
        }
    }
}
