using VLPeft.Checkpoints;
using VLPeft.Models;
using Xunit;
using static TorchSharp.torch;

namespace VLPeft.Parity.Tests.Tasks;

/// <summary>Every setting of fixtures/tasks/vqa: logits, loss, every gradient, and both 50-step trajectories.</summary>
[Trait("Category", "Parity")]
public class VqaParityTests
{
    public static TheoryData<string> Cases => [.. TaskCase.Names(VqaCase.Task)];

    public static TheoryData<string, string> Trajectories => TaskParity.Trajectories(VqaCase.Task);

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
    public void TheSameParametersTrain(string name) => Parity(name).TheSameParametersTrain();

    [Theory, MemberData(nameof(Cases))]
    public void LogitsLossAndGradientsMatch(string name) => Parity(name).LogitsLossAndGradientsMatch();

    [Theory, MemberData(nameof(Trajectories))]
    public void FiftyStepsMatch(string name, string optimizer) => Parity(name).FiftyStepsMatch(optimizer);

    private static TaskParity Parity(string name) => new(noise => new VqaCase(name, noise));
}
