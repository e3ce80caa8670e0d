namespace VLPeft.Training;

/// <summary>What follows from the options once the size of an epoch is known.</summary>
internal sealed class TrainingPlan
{
    private readonly int accumulation;

    public TrainingPlan(TrainerOptions options, int batchesPerEpoch)
    {
        accumulation = options.Accumulation;
        StepsPerEpoch = (batchesPerEpoch + accumulation - 1) / accumulation;
        Schedule = options.Schedule.For(Math.Min(options.Steps ?? long.MaxValue, options.Epochs * StepsPerEpoch ?? long.MaxValue));
        Settings = RunSettings.Of(options, Schedule, batchesPerEpoch);
    }

    public long StepsPerEpoch { get; }

    public LearningRateSchedule Schedule { get; }

    public long TotalSteps => Schedule.TotalSteps;

    /// <summary>All that decides the outcome, in words.</summary>
    public IReadOnlyDictionary<string, string> Settings { get; }

    /// <summary>Epoch and batch where the step after <paramref name="completed"/> ones begins.</summary>
    public (int Epoch, int Batch) PositionAfter(long completed) =>
        ((int)(completed / StepsPerEpoch), (int)(completed % StepsPerEpoch) * accumulation);

    public double EpochsAfter(long completed) => Math.Round((double)completed / StepsPerEpoch, 4);
}
