using TorchSharp;
using TorchSharp.Modules;
using VLPeft.Training;
using Xunit;
using static TorchSharp.torch;

namespace VLPeft.Parity.Tests.Tasks;

/// <summary>What must hold of every setting of a task: what trains, logits, loss, every gradient, and both 50-step trajectories.</summary>
/// <param name="make">Makes the setting's case; the seed is that of <see cref="TaskCase.Initialise"/>.</param>
internal sealed class TaskParity(Func<long?, TaskCase> make)
{
    private const int BatchSize = 8;

    public static Tensor FirstRows => arange(Scalars.Of(BatchSize));

    /// <summary>Every setting of a task with both optimizers.</summary>
    public static TheoryData<string, string> Trajectories(string task)
    {
        var data = new TheoryData<string, string>();
        foreach (string name in TaskCase.Names(task))
            foreach (string optimizer in new[] { "torch", "transformers" })
                if (TaskCase.Has(task, name, $"trajectory_{optimizer}"))
                    data.Add(name, optimizer);
        return data;
    }

    public void TheSameParametersTrain()
    {
        using var scope = NewDisposeScope();
        using TaskCase fixture = make(null);
        Assert.Equal(fixture.TrainableNames.Order(StringComparer.Ordinal), fixture.Trainable.Select(one => one.Name).Order(StringComparer.Ordinal));
        Assert.Equal(fixture.Settings.GetProperty("trainable_parameters").GetInt64(), fixture.Trainable.Sum(one => one.Parameter.numel()));
    }

    public void LogitsLossAndGradientsMatch()
    {
        using var scope = NewDisposeScope();
        using TaskCase fixture = make(null);
        Tolerance.AssertClose(fixture.Expected("out/logits"), fixture.Logits(FirstRows), Tolerance.Model, "logits");
        Tensor loss = fixture.Loss(FirstRows);
        Tolerance.AssertClose(fixture.Expected("out/loss").squeeze(), loss, Tolerance.Model, "loss");
        loss.backward();
        Lazy<Dictionary<string, double>> noise = new(() => GradientNoise(fixture));
        foreach ((string parameterName, Parameter parameter) in fixture.Trainable)
        {
            Assert.True(parameter.grad is not null, $"{parameterName} has no gradient");
            Tensor expected = fixture.Expected($"grad/{parameterName}");
            double allowed = Tolerance.Model * expected.abs().max().ToDouble(), worst = Largest(expected - parameter.grad);
            Assert.True(worst <= allowed || worst <= allowed + RoundingNoise.Factor * noise.Value[parameterName],
                $"gradient of {parameterName}: differs by {worst:g3}, allowed {allowed:g3}");
        }
    }

    public void FiftyStepsMatch(string optimizer)
    {
        using var scope = NewDisposeScope();
        (double[] losses, Tensor logits, double[] expected, Tensor expectedLogits) = Run(optimizer, noise: null);
        Lazy<(double[] Losses, double Logits)> noise = new(() => TrajectoryNoise(optimizer, losses, logits));
        for (int step = 0; step < expected.Length; step++)
        {
            double allowed = Tolerance.Trajectory * Math.Abs(expected[step]), worst = Math.Abs(losses[step] - expected[step]);
            Assert.True(worst <= allowed || worst <= allowed + RoundingNoise.Factor * noise.Value.Losses[step],
                $"{optimizer}, step {step}: loss {losses[step]}, expected {expected[step]}");
        }
        double allowedLogits = Tolerance.Trajectory * Math.Max(1, expectedLogits.abs().max().ToDouble()), worstLogits = Largest(expectedLogits - logits);
        Assert.True(worstLogits <= allowedLogits || worstLogits <= allowedLogits + RoundingNoise.Factor * noise.Value.Logits,
            $"{optimizer}: final logits differ by {worstLogits:g3}, allowed {allowedLogits:g3}");
    }

    private static double Largest(Tensor tensor) => tensor.abs().max().ToDouble();

    private (double[] Losses, Tensor Logits, double[] Expected, Tensor ExpectedLogits) Run(string optimizer, long? noise)
    {
        using TaskCase fixture = make(noise);
        double[] expected = fixture.Trajectory(optimizer), losses = new double[expected.Length];
        using var adamW = new Training.FusedAdamW(fixture.Trainable, new AdamWOptions { Form = optimizer == "torch" ? AdamWForm.Torch : AdamWForm.Transformers });
        var schedule = new LearningRateSchedule(ScheduleShape.Linear, 5, expected.Length);
        for (int step = 0; step < expected.Length; step++)
        {
            using DisposeScope scope = NewDisposeScope();
            Tensor loss = fixture.Loss(arange(Scalars.Of(BatchSize * step), Scalars.Of(BatchSize * (step + 1))).remainder(Scalars.Of(fixture.Rows)));
            losses[step] = loss.ToDouble();
            adamW.ZeroGradients();
            loss.backward();
            if (fixture.ClipNorm is { } limit)
                adamW.ClipGradientNorm(limit);
            adamW.Step(3e-3 * schedule.Factor(step));
        }
        using (no_grad())
            return (losses, fixture.Logits(FirstRows), expected, fixture.FinalLogits(optimizer).clone());
    }

    private Dictionary<string, double> GradientNoise(TaskCase fixture)
    {
        var noise = fixture.Trainable.ToDictionary(one => one.Name, _ => 0.0);
        foreach (long seed in RoundingNoise.Seeds)
        {
            using TaskCase perturbed = make(seed);
            perturbed.Loss(FirstRows).backward();
            foreach (var ((parameterName, parameter), (_, other)) in fixture.Trainable.Zip(perturbed.Trainable))
                noise[parameterName] = Math.Max(noise[parameterName], Largest(parameter.grad! - other.grad!));
        }
        return noise;
    }

    private (double[] Losses, double Logits) TrajectoryNoise(string optimizer, double[] losses, Tensor logits)
    {
        double[] noise = new double[losses.Length];
        double logitNoise = 0;
        foreach (long seed in RoundingNoise.Seeds)
        {
            (double[] other, Tensor otherLogits, _, _) = Run(optimizer, seed);
            for (int step = 0; step < noise.Length; step++)
                noise[step] = Math.Max(noise[step], Math.Abs(other[step] - losses[step]));
            logitNoise = Math.Max(logitNoise, Largest(otherLogits - logits));
        }
        for (int step = 1; step < noise.Length; step++)
            noise[step] = Math.Max(noise[step], noise[step - 1]); // what has parted does not come together again
        return (noise, logitNoise);
    }
}
