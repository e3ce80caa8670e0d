namespace VLPeft.Training;

/// <summary>How the learning rate runs after warm-up.</summary>
public enum ScheduleShape
{
    /// <summary>Down to 0 on a straight line.</summary>
    Linear,

    /// <summary>Down to 0 on half a cosine.</summary>
    Cosine,

    /// <summary>Stays.</summary>
    Constant,
}

/// <summary>The length of the linear warm-up, as steps or as a fraction of all steps.</summary>
public readonly record struct Warmup
{
    private readonly double fraction;
    private readonly long steps;

    private Warmup(double fraction, long steps) => (this.fraction, this.steps) = (fraction, steps);

    /// <summary>No warm-up.</summary>
    public static Warmup None => default;

    /// <summary>A fraction in [0, 1] of all steps, rounded up as Hugging Face does.</summary>
    /// <exception cref="InvalidInputException">Outside [0, 1].</exception>
    public static Warmup Fraction(double fraction) => fraction is >= 0 and <= 1
        ? new(fraction, 0)
        : throw new InvalidInputException($"The warm-up fraction must be between 0 and 1, but is {fraction}.");

    /// <summary>A number of steps.</summary>
    /// <exception cref="InvalidInputException">Below 0.</exception>
    public static Warmup Steps(long steps) => steps >= 0
        ? new(0, steps)
        : throw new InvalidInputException($"The warm-up must be 0 steps or more, but is {steps}.");

    /// <summary>The warm-up steps of a run of <paramref name="total"/> steps.</summary>
    public long Of(long total) => fraction > 0 ? (long)Math.Ceiling(fraction * total) : steps;
}

/// <summary>Shape and warm-up of the learning rate, before the number of steps is known.</summary>
/// <param name="Shape">The run after warm-up.</param>
/// <param name="Warmup">The warm-up.</param>
public sealed record ScheduleOptions(ScheduleShape Shape = ScheduleShape.Linear, Warmup Warmup = default)
{
    /// <summary>The schedule of a run of <paramref name="totalSteps"/> steps.</summary>
    public LearningRateSchedule For(long totalSteps) => new(Shape, Warmup.Of(totalSteps), totalSteps);
}

/// <summary>
/// The factor on the learning rate step by step: up from 0 in a straight line during warm-up, then the shape. These are Hugging Face's
/// <c>get_{linear,cosine,constant}_schedule_with_warmup</c>, so with a warm-up the first step has the factor 0.
/// </summary>
/// <param name="Shape">The run after warm-up.</param>
/// <param name="WarmupSteps">Steps of warm-up.</param>
/// <param name="TotalSteps">All steps, warm-up included.</param>
public sealed record LearningRateSchedule(ScheduleShape Shape, long WarmupSteps, long TotalSteps)
{
    /// <summary>The factor, in [0, 1], of the step after <paramref name="step"/> completed ones (0 for the first step of a run).</summary>
    public double Factor(long step)
    {
        if (step < WarmupSteps)
            return (double)step / WarmupSteps;
        double progress = Math.Min(1, (double)(step - WarmupSteps) / Math.Max(1, TotalSteps - WarmupSteps));
        return Shape switch
        {
            ScheduleShape.Linear => 1 - progress,
            ScheduleShape.Cosine => 0.5 * (1 + Math.Cos(Math.PI * progress)),
            ScheduleShape.Constant => 1,
            _ => throw new InvalidInputException($"The schedule {Shape} is unknown."),
        };
    }
}
