using VLPeft.Training;
using Xunit;

namespace VLPeft.Tests.Training;

public sealed class LearningRateScheduleTests
{
    [Fact]
    public void Linear_is_the_fixtures_form()
    {
        // lr × min(s/5, linear decay to 0 at step 50), s from 0.
        LearningRateSchedule schedule = new ScheduleOptions(ScheduleShape.Linear, Warmup.Steps(5)).For(50);
        for (int s = 0; s <= 50; s++)
            Assert.Equal(Math.Min(s / 5.0, (50 - s) / 45.0), schedule.Factor(s), 1e-15);
        Assert.Equal(0, schedule.Factor(0));
        Assert.Equal(1, schedule.Factor(5));
        Assert.Equal(0, schedule.Factor(60));
    }

    [Fact]
    public void Cosine_falls_along_half_a_wave()
    {
        LearningRateSchedule schedule = new ScheduleOptions(ScheduleShape.Cosine, Warmup.Steps(10)).For(110);
        Assert.Equal(0.3, schedule.Factor(3), 1e-15);
        Assert.Equal(1, schedule.Factor(10), 1e-15);
        Assert.Equal(0.5, schedule.Factor(60), 1e-15);
        Assert.Equal(0.5 * (1 + Math.Sqrt(0.5)), schedule.Factor(35), 1e-15);
        Assert.Equal(0, schedule.Factor(110), 1e-15);
    }

    [Fact]
    public void Constant_stays_after_warm_up()
    {
        LearningRateSchedule schedule = new ScheduleOptions(ScheduleShape.Constant, Warmup.Steps(4)).For(10);
        Assert.Equal([0, 0.25, 0.5, 0.75, 1, 1, 1], Enumerable.Range(0, 7).Select(s => schedule.Factor(s)));
    }

    [Fact]
    public void Without_warm_up_the_first_step_counts() =>
        Assert.Equal([1, 0.75, 0.5, 0.25], Enumerable.Range(0, 4).Select(s => new ScheduleOptions().For(4).Factor(s)));

    [Theory]
    [InlineData(0.05, 600, 30)]
    [InlineData(0.05, 601, 31)]
    [InlineData(0.0, 100, 0)]
    [InlineData(1.0, 100, 100)]
    public void A_warm_up_fraction_is_rounded_up(double fraction, long total, long steps) =>
        Assert.Equal(steps, Warmup.Fraction(fraction).Of(total));

    [Fact]
    public void A_warm_up_as_long_as_the_run_never_divides_by_zero()
    {
        LearningRateSchedule schedule = new ScheduleOptions(ScheduleShape.Linear, Warmup.Fraction(1)).For(4);
        Assert.Equal([0, 0.25, 0.5, 0.75, 1], Enumerable.Range(0, 5).Select(s => schedule.Factor(s)));
    }

    [Fact]
    public void Bad_warm_ups_are_refused()
    {
        Assert.Throws<InvalidInputException>(() => Warmup.Fraction(1.5));
        Assert.Throws<InvalidInputException>(() => Warmup.Fraction(double.NaN));
        Assert.Throws<InvalidInputException>(() => Warmup.Steps(-1));
    }

    [Fact]
    public void A_cadence_knows_when_it_is_due()
    {
        Assert.Equal([3, 6, 9], Due(Cadence.Steps(3)));
        Assert.Equal([8], Due(Cadence.Epochs(2)));
        Assert.Empty(Due(Cadence.Never));
        Assert.Throws<InvalidInputException>(() => Cadence.Steps(0));

        static IEnumerable<int> Due(Cadence cadence) => Enumerable.Range(0, 11).Where(step => cadence.IsDue(step, stepsPerEpoch: 4));
    }
}
