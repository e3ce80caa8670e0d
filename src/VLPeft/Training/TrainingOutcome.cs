namespace VLPeft.Training;

/// <summary>How a run ended.</summary>
public enum TrainingStatus
{
    /// <summary>All steps are done.</summary>
    Completed,

    /// <summary>Validation did not improve any more.</summary>
    EarlyStopped,

    /// <summary>Cancelled; a checkpoint is written, and the same call goes on from there.</summary>
    Interrupted,
}

/// <summary>The best value of a metric.</summary>
/// <param name="Value">The value.</param>
/// <param name="Step">Completed steps at that validation.</param>
public sealed record BestValue(double Value, long Step);

/// <summary>The end of a run. The model holds the last weights; the best ones are in the run folder.</summary>
/// <param name="Status">How it ended.</param>
/// <param name="Steps">Completed steps, those before a resume included.</param>
/// <param name="TotalSteps">Planned steps.</param>
/// <param name="Best">The best value of each metric that is kept.</param>
public sealed record TrainingOutcome(TrainingStatus Status, long Steps, long TotalSteps, IReadOnlyDictionary<string, BestValue> Best);

/// <summary>The loss or a weight is no longer a finite number. The checkpoint written before stays.</summary>
public sealed class TrainingDivergedException : Exception
{
    internal TrainingDivergedException(string what, long step, double learningRate)
        : base($"Training diverged at step {step}: {what} at the learning rate {learningRate:0.###e+0}. The checkpoint before it, if one " +
            "was due, is kept. Lower the learning rate, or clip the gradients' norm.") => (Step, LearningRate) = (step, learningRate);

    /// <summary>The step, counted from 1.</summary>
    public long Step { get; }

    /// <summary>The learning rate of that step.</summary>
    public double LearningRate { get; }
}
