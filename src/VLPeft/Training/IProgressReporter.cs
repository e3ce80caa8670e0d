namespace VLPeft.Training;

/// <summary>What a step looked like.</summary>
/// <param name="Number">Completed steps, this one included.</param>
/// <param name="Loss">The latest loss that was read from the device: this step's on a CPU.</param>
/// <param name="LearningRate">The learning rate.</param>
/// <param name="Examples">Examples in the step.</param>
public readonly record struct StepReport(long Number, double Loss, double LearningRate, int Examples);

/// <summary>Is told how a run goes, on the training thread.</summary>
public interface IProgressReporter
{
    /// <summary>A run starts.</summary>
    /// <param name="totalSteps">Planned steps.</param>
    /// <param name="resumedAt">Steps done already; 0 for a fresh run.</param>
    void Started(long totalSteps, long resumedAt);

    /// <summary>A step is done. Called after every step: return quickly.</summary>
    void Step(StepReport step);

    /// <summary>A validation is done.</summary>
    /// <param name="step">Completed steps.</param>
    /// <param name="result">The metrics.</param>
    /// <param name="improved">Names of the kept metrics that are better than ever.</param>
    void Validated(long step, EvaluationResult result, IReadOnlyList<string> improved);

    /// <summary>The run has ended.</summary>
    void Finished(TrainingOutcome outcome);

    /// <summary>Something to tell, one line.</summary>
    void Message(string text);
}

/// <summary>Tells nobody.</summary>
public sealed class NullProgress : IProgressReporter
{
    private NullProgress() { }

    /// <summary>The only one.</summary>
    public static NullProgress Instance { get; } = new();

    /// <inheritdoc/>
    public void Started(long totalSteps, long resumedAt) { }

    /// <inheritdoc/>
    public void Step(StepReport step) { }

    /// <inheritdoc/>
    public void Validated(long step, EvaluationResult result, IReadOnlyList<string> improved) { }

    /// <inheritdoc/>
    public void Finished(TrainingOutcome outcome) { }

    /// <inheritdoc/>
    public void Message(string text) { }
}
