namespace VLPeft.Training;

/// <summary>Settings of a <see cref="Trainer"/> run.</summary>
public sealed record TrainerOptions
{
    /// <summary>The number of optimizer steps. With <see cref="Epochs"/> given as well, the shorter counts.</summary>
    public long? Steps { get; init; }

    /// <summary>The number of passes over the data.</summary>
    public int? Epochs { get; init; }

    /// <summary>The peak learning rate.</summary>
    public required double LearningRate { get; init; }

    /// <summary>The learning rate's run.</summary>
    public ScheduleOptions Schedule { get; init; } = new();

    /// <summary>The optimizer.</summary>
    public AdamWOptions Optimizer { get; init; } = new();

    /// <summary>Learning rate scale and weight decay for some of the parameters.</summary>
    public IReadOnlyList<ParameterRule> ParameterRules { get; init; } = [];

    /// <summary>
    /// Batches per optimizer step. Each counts by its number of examples, so that the step equals that of one big batch for a loss that
    /// is a mean over examples. The last step of an epoch takes the batches that are left.
    /// </summary>
    public int Accumulation { get; init; } = 1;

    /// <summary>The largest common 2-norm of the gradients; null for no clipping.</summary>
    public double? ClipNorm { get; init; }

    /// <summary>When to validate; unless never, also after the last step.</summary>
    public Cadence Validation { get; init; } = Cadence.Epochs(1);

    /// <summary>The metrics whose best parameters are kept, each in <c>best-METRIC.safetensors</c>, if the task reports them.</summary>
    public IReadOnlyList<string> KeepBest { get; init; } = ["loss", "accuracy"];

    /// <summary>When to stop before the end; null for never.</summary>
    public EarlyStopping? EarlyStopping { get; init; }

    /// <summary>Steps between checkpoints; null for none by number. One is always written at the end and on interruption.</summary>
    public int? CheckpointSteps { get; init; }

    /// <summary>Time between checkpoints; null for none by time.</summary>
    public TimeSpan? CheckpointInterval { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Steps between lines of the log. A line's loss is the mean over the steps since the line before.</summary>
    public int LogEvery { get; init; } = 10;

    /// <summary>Whether to write TensorBoard event files.</summary>
    public bool TensorBoard { get; init; } = true;

    /// <summary>Seeds torch's random generator (dropout) at the start.</summary>
    public long Seed { get; init; }

    /// <summary>
    /// What else decides the outcome, as text (model, data: a recipe's hash): a run can only be resumed under the same, and a message
    /// that refuses shows both.
    /// </summary>
    public string Identity { get; init; } = "";

    internal void Validate()
    {
        Require(Steps is not null || Epochs is not null, "needs a number of steps or epochs", "neither");
        Require(Steps is null or >= 1, "needs 1 step or more", Steps);
        Require(Epochs is null or >= 1, "needs 1 epoch or more", Epochs);
        Require(LearningRate is >= 0 and < double.PositiveInfinity, "needs a learning rate of 0 or more", LearningRate);
        Require(Accumulation >= 1, "needs 1 batch or more per step (accumulation)", Accumulation);
        Require(ClipNorm is null or > 0, "needs a clip norm above 0", ClipNorm);
        Require(CheckpointSteps is null or >= 1, "needs 1 step or more between checkpoints", CheckpointSteps);
        Require(LogEvery >= 1, "needs 1 step or more between log lines", LogEvery);
        Require(EarlyStopping is null or { Patience: >= 1 }, "needs a patience of 1 validation or more", EarlyStopping?.Patience);
        Require(EarlyStopping is null || Validation != Cadence.Never, "can't stop early without validation", "validation: never");
        foreach (string metric in KeepBest)
            Require(metric.Length > 0 && metric.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_'),
                "keeps the best parameters in a file named after the metric, which allows letters, digits, '-' and '_'", metric);
        Optimizer.Validate();
    }

    private static void Require(bool condition, string what, object? came)
    {
        if (!condition)
            throw new InvalidInputException($"A training run {what}, but was given: {came}.");
    }
}
