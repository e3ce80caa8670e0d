using TorchSharp;
using VLPeft.Training;
using Xunit;
using static TorchSharp.torch;

namespace VLPeft.Tests.Training;

public sealed class LossMeterTests
{
    [Fact]
    public void Losses_are_read_several_at_a_time_and_weighted_by_examples()
    {
        using var scope = NewDisposeScope();
        using var meter = new LossMeter(window: 3);
        meter.Add(tensor(1.0), 2, 1, 0.1);
        meter.Add(tensor(4f), 1, 2, 0.1);
        Assert.True(double.IsNaN(meter.Latest));
        meter.Add(tensor(new[] { 7f }), 1, 3, 0.1);
        Assert.Equal(7, meter.Latest);
        Assert.Equal(13.0 / 4, meter.TakeMean());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(10)]
    public void A_bad_loss_is_reported_with_its_own_step(int window)
    {
        using var scope = NewDisposeScope();
        using var meter = new LossMeter(window);
        var error = Assert.Throws<TrainingDivergedException>(() =>
        {
            meter.Add(tensor(1f), 1, 4, 0.1);
            meter.Add(tensor(float.NaN), 1, 5, 0.2);
            meter.Add(tensor(1f), 1, 6, 0.3);
            meter.Read();
        });
        Assert.Equal((5, 0.2), (error.Step, error.LearningRate));
    }
}
