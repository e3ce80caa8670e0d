using TorchSharp;
using VLPeft.Generation;
using Xunit;
using static TorchSharp.torch;

namespace VLPeft.Parity.Tests.Tasks;

/// <summary>Every setting of fixtures/tasks/caption: logits, loss, every gradient, both 50-step trajectories, and decoding with a cache.</summary>
[Trait("Category", "Parity")]
public class CaptionParityTests
{
    public static TheoryData<string> Cases => [.. TaskCase.Names(CaptionCase.Task)];

    public static TheoryData<string, string> Trajectories => TaskParity.Trajectories(CaptionCase.Task);

    [Theory, MemberData(nameof(Cases))]
    public void TheSameParametersTrain(string name) => Parity(name).TheSameParametersTrain();

    [Theory, MemberData(nameof(Cases))]
    public void LogitsLossAndGradientsMatch(string name) => Parity(name).LogitsLossAndGradientsMatch();

    [Theory, MemberData(nameof(Trajectories))]
    public void FiftyStepsMatch(string name, string optimizer) => Parity(name).FiftyStepsMatch(optimizer);

    // Every position up to a caption's first padding is computed without the mask, too.
    [Theory, MemberData(nameof(Cases))]
    public void StepByStepGivesTheLogitsOfTheFixture(string name)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        using var fixture = new CaptionCase(name);
        fixture.Model.eval();
        Tensor ids = fixture.Ids(TaskParity.FirstRows), expected = fixture.Expected("out/logits");
        using IDecoderSession session = fixture.Model.BeginDecoding(fixture.Features(TaskParity.FirstRows), (int)ids.size(0), (int)ids.size(1));
        Tensor own = cat([ones(ids.size(0), 1, ScalarType.Int64), ids.ne(Scalars.Of(fixture.Model.Text.Config.EndId)).to(ScalarType.Int64)], 1).unsqueeze(2);
        List<Tensor> steps = [session.Start()];
        for (long token = 0; token < ids.size(1); token++)
            steps.Add(session.Next(ids.select(1, token)));
        Tolerance.AssertClose(expected * own, stack(steps, 1) * own, Tolerance.Model, "logits");
    }

    private static TaskParity Parity(string name) => new(noise => new CaptionCase(name, noise));
}
