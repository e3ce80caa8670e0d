using TorchSharp;
using TorchSharp.Modules;
using VLPeft.Checkpoints;
using VLPeft.Models;
using VLPeft.Training;
using Xunit;
using static TorchSharp.torch;

namespace VLPeft.Parity.Tests.Tasks;

/// <summary>Every setting of fixtures/tasks/vqa: logits, loss, every gradient, and both 50-step trajectories.</summary>
[Trait("Category", "Parity")]
public class VqaParityTests
{
    private const int BatchSize = 8;

    public static TheoryData<string> Cases => [.. VqaCase.Names()];

    public static TheoryData<string, string> Trajectories
    {
        get
        {
            var data = new TheoryData<string, string>();
            foreach (string name in VqaCase.Names())
            {
                data.Add(name, "torch");
                data.Add(name, "transformers");
            }
            return data;
        }
    }

    [Fact]
    public void TheVisionEncoderGivesTheFeaturesOfTheFixture()
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        using SafetensorsFile data = SafetensorsFile.Open(FixtureRoot.File("tasks", "data.safetensors"));
        using SafetensorsFile features = SafetensorsFile.Open(FixtureRoot.File("tasks", "vit_features.safetensors"));
        VisionOutput output = VisionEncoders.FromFolder(FixtureRoot.File("models", "vit")).Encode(data.Read("pixel_values"));
        Tolerance.AssertClose(features.Read("pooled"), output.Pooled!.unsqueeze(1), Tolerance.Block, "pooled");
        Tolerance.AssertClose(features.Read("patches"), output.LastHiddenState, Tolerance.Block, "patches");
    }

    [Theory, MemberData(nameof(Cases))]
    public void TheSameParametersTrain(string name)
    {
        using var scope = NewDisposeScope();
        using var fixture = new VqaCase(name);
        Assert.Equal(fixture.TrainableNames.Order(StringComparer.Ordinal), fixture.Trainable.Select(one => one.Name).Order(StringComparer.Ordinal));
        Assert.Equal(fixture.Settings.GetProperty("trainable_parameters").GetInt64(), fixture.Trainable.Sum(one => one.Parameter.numel()));
    }

    [Theory, MemberData(nameof(Cases))]
    public void LogitsLossAndGradientsMatch(string name)
    {
        using var scope = NewDisposeScope();
        using var fixture = new VqaCase(name);
        Tensor rows = arange(BatchSize);
        Tolerance.AssertClose(fixture.Expected("out/last_hidden_state"), fixture.HiddenStates(rows), Tolerance.Model, "last hidden state");
        Tolerance.AssertClose(fixture.Expected("out/logits"), fixture.Logits(rows), Tolerance.Model, "logits");
        Tensor loss = fixture.Loss(rows);
        Tolerance.AssertClose(fixture.Expected("out/loss").squeeze(), loss, Tolerance.Model, "loss");
        loss.backward();
        foreach ((string parameterName, Parameter parameter) in fixture.Trainable)
        {
            Assert.True(parameter.grad is not null, $"{parameterName} has no gradient");
            Tensor expected = fixture.Expected($"grad/{parameterName}");
            // relative to the gradient's own size: gradients are small numbers
            double scale = expected.abs().max().ToDouble();
            double worst = (expected - parameter.grad).abs().max().ToDouble();
            Assert.True(worst <= Tolerance.Model * scale + 1e-7, $"gradient of {parameterName}: differs by {worst:g3}, largest value {scale:g3}");
        }
    }

    [Theory, MemberData(nameof(Trajectories))]
    public void FiftyStepsMatch(string name, string optimizer)
    {
        using var scope = NewDisposeScope();
        using var fixture = new VqaCase(name);
        double[] expected = fixture.Trajectory(optimizer);
        using var adamW = new Training.AdamW(fixture.Trainable, new AdamWOptions { Form = optimizer == "torch" ? AdamWForm.Torch : AdamWForm.Transformers });
        var schedule = new LearningRateSchedule(ScheduleShape.Linear, 5, expected.Length);
        for (int step = 0; step < expected.Length; step++)
        {
            using DisposeScope inner = NewDisposeScope();
            Tensor rows = arange(BatchSize * step, BatchSize * (step + 1)).remainder(fixture.Rows);
            Tensor loss = fixture.Loss(rows);
            double got = loss.ToDouble();
            Assert.True(Math.Abs(got - expected[step]) <= Tolerance.Trajectory * Math.Abs(expected[step]), $"{name}, {optimizer}, step {step}: loss {got}, expected {expected[step]}");
            adamW.ZeroGradients();
            loss.backward();
            adamW.Step(3e-3 * schedule.Factor(step));
        }
        using (no_grad())
            Tolerance.AssertClose(fixture.Expected($"final_{optimizer}/logits"), fixture.Logits(arange(BatchSize)), Tolerance.Trajectory, "final logits");
    }
}
