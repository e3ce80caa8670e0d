namespace VLPeft.Recipes;

/// <summary>The two forms of AdamW (method.md §8.6).</summary>
public enum OptimizerKind
{
    /// <summary>torch.optim.AdamW's.</summary>
    Adamw,

    /// <summary>That of transformers before version 5: eps is added before the bias correction.</summary>
    AdamwTransformers,
}

/// <summary>How the learning rate falls after the warm-up.</summary>
public enum ScheduleKind
{
    /// <summary>To 0 along a line.</summary>
    Linear,

    /// <summary>To 0 along half a cosine.</summary>
    Cosine,

    /// <summary>Not at all.</summary>
    Constant,
}

/// <summary>Which checkpoint is evaluated and used.</summary>
public enum CheckpointChoice
{
    /// <summary>The weights at the end.</summary>
    Last,

    /// <summary>The lowest validation loss.</summary>
    BestLoss,

    /// <summary>The highest validation accuracy.</summary>
    BestAccuracy,

    /// <summary>The highest validation CIDEr of greedy captions.</summary>
    BestCider,

    /// <summary>The highest mean of the tasks' validation scores.</summary>
    BestMean,
}

/// <summary>The training run.</summary>
public sealed record TrainingSection
{
    /// <summary>Optimizer steps; 0 to go by epochs.</summary>
    public int Steps { get; init; }

    /// <summary>Passes over the training questions or captions, when steps is 0.</summary>
    public int Epochs { get; init; } = 20;

    /// <summary>Questions or captions a batch.</summary>
    public int BatchSize { get; init; } = 512;

    /// <summary>Batches whose gradients are added up for one step.</summary>
    public int Accumulate { get; init; } = 1;

    /// <summary>adamw or adamw-transformers.</summary>
    public OptimizerKind Optimizer { get; init; } = OptimizerKind.Adamw;

    /// <summary>The peak learning rate.</summary>
    public double LearningRate { get; init; } = 3e-4;

    /// <summary>AdamW's first decay rate.</summary>
    public double Beta1 { get; init; } = 0.9;

    /// <summary>AdamW's second decay rate.</summary>
    public double Beta2 { get; init; } = 0.999;

    /// <summary>AdamW's epsilon.</summary>
    public double Epsilon { get; init; } = 1e-6;

    /// <summary>Decoupled weight decay.</summary>
    public double WeightDecay { get; init; }

    /// <summary>linear, cosine or constant.</summary>
    public ScheduleKind Schedule { get; init; } = ScheduleKind.Linear;

    /// <summary>The share of all steps that warms up, when warmup-steps is 0.</summary>
    public double WarmupFraction { get; init; } = 0.05;

    /// <summary>Steps that warm up.</summary>
    public int WarmupSteps { get; init; }

    /// <summary>The gradients' global norm is cut to this; 0 for not at all.</summary>
    public double ClipNorm { get; init; }

    /// <summary>Batches of texts of about equal length, so that little is padded.</summary>
    public bool BucketByLength { get; init; } = true;

    /// <summary>Steps between validations; 0 for once an epoch (or at the end, when the run is shorter).</summary>
    public int ValidateEvery { get; init; }

    /// <summary>Validations without improvement (of the chosen checkpoint's metric) after which a run stops; 0 for never.</summary>
    public int Patience { get; init; }

    /// <summary>Steps between checkpoints; 0 for at every validation.</summary>
    public int CheckpointEvery { get; init; }

    /// <summary>Steps between lines in the log.</summary>
    public int LogEvery { get; init; } = 10;

    /// <summary>Which weights are evaluated: last, best-loss, best-accuracy, best-cider for captions, or best-mean for several tasks.</summary>
    public CheckpointChoice Evaluate { get; init; } = CheckpointChoice.BestAccuracy;

    /// <summary>Questions or captions a batch when nothing is trained; 4 × batch-size at most 512 when it is 0.</summary>
    public int EvaluationBatchSize { get; init; }

    /// <summary>Threads of a run; 0 for the machine's. One is fastest for small models: run several at once instead.</summary>
    public int Threads { get; init; }

    internal int RowsInEvaluation => EvaluationBatchSize > 0 ? EvaluationBatchSize : Math.Clamp(4 * BatchSize, 1, 512);

    internal void Validate()
    {
        Check.That(Steps >= 0, "training.steps", "0 or more", Steps);
        Check.That(Steps > 0 || Epochs >= 1, "training.epochs", "1 or more", Epochs);
        Check.That(BatchSize >= 1, "training.batch-size", "1 or more", BatchSize);
        Check.That(Accumulate >= 1, "training.accumulate", "1 or more", Accumulate);
        Check.That(LearningRate is > 0 and < 10, "training.learning-rate", "more than 0 and less than 10", LearningRate);
        Check.That(Beta1 is >= 0 and < 1, "training.beta1", "0 ≤ x < 1", Beta1);
        Check.That(Beta2 is >= 0 and < 1, "training.beta2", "0 ≤ x < 1", Beta2);
        Check.That(Epsilon > 0, "training.epsilon", "more than 0", Epsilon);
        Check.That(WeightDecay >= 0, "training.weight-decay", "0 or more", WeightDecay);
        Check.That(WarmupFraction is >= 0 and < 1, "training.warmup-fraction", "0 ≤ x < 1", WarmupFraction);
        Check.That(WarmupSteps >= 0, "training.warmup-steps", "0 or more", WarmupSteps);
        Check.That(ClipNorm >= 0, "training.clip-norm", "0 or more", ClipNorm);
        Check.That(ValidateEvery >= 0, "training.validate-every", "0 or more", ValidateEvery);
        Check.That(Patience >= 0, "training.patience", "0 or more", Patience);
        Check.That(CheckpointEvery >= 0, "training.checkpoint-every", "0 or more", CheckpointEvery);
        Check.That(LogEvery >= 1, "training.log-every", "1 or more", LogEvery);
        Check.That(EvaluationBatchSize >= 0, "training.evaluation-batch-size", "0 or more", EvaluationBatchSize);
        Check.That(Threads >= 0, "training.threads", "0 or more", Threads);
    }
}
