using Xunit;

namespace VLPeft.Parity.Tests.Tasks;

/// <summary>Every setting of fixtures/tasks/encdec: logits, loss, every gradient, and the 50-step trajectory with clipped gradients.</summary>
[Trait("Category", "Parity")]
public class EncoderDecoderParityTests
{
    public static TheoryData<string> Cases => [.. TaskCase.Names(EncoderDecoderCase.Task)];

    public static TheoryData<string, string> Trajectories => TaskParity.Trajectories(EncoderDecoderCase.Task);

    [Theory, MemberData(nameof(Cases))]
    public void TheSameParametersTrain(string name) => Parity(name).TheSameParametersTrain();

    [Theory, MemberData(nameof(Cases))]
    public void LogitsLossAndGradientsMatch(string name) => Parity(name).LogitsLossAndGradientsMatch();

    [Theory, MemberData(nameof(Trajectories))]
    public void FiftyStepsMatch(string name, string optimizer) => Parity(name).FiftyStepsMatch(optimizer);

    private static TaskParity Parity(string name) => new(noise => new EncoderDecoderCase(name, noise));
}
