using VLPeft.Models;
using Xunit;
using static TorchSharp.torch;

namespace VLPeft.Parity.Tests.Models;

/// <summary>ViT and BEiT against Hugging Face's, on every vision folder of fixtures/models.</summary>
[Trait("Category", "Parity")]
public sealed class VisionParityTests
{
    public static TheoryData<string> Folders => ModelFixture.Named("vit", "beit");

    [Theory]
    [MemberData(nameof(Folders))]
    public void Outputs_and_hidden_states(string name)
    {
        using var scope = NewDisposeScope();
        using ModelFixture fixture = new(name);
        IVisionEncoder encoder = VisionEncoders.FromFolder(fixture.Folder);

        VisionOutput output = encoder.Encode(fixture["in/pixel_values"], hiddenStates: true);

        fixture.AssertOutput("last_hidden_state", output.LastHiddenState);
        fixture.AssertOutput("pooler_output", output.Pooled!);
        fixture.AssertHiddenStates(output.HiddenStates!);
    }

    [Theory]
    [MemberData(nameof(Folders))]
    public void Gradients_of_every_parameter_and_of_the_pixels(string name)
    {
        using var scope = NewDisposeScope();
        using ModelFixture fixture = new(name);
        IVisionEncoder encoder = VisionEncoders.FromFolder(fixture.Folder);
        ModelFixture.Train(encoder.Module);
        Tensor pixels = fixture["in/pixel_values"].clone().requires_grad_();

        encoder.Encode(pixels).Pooled!.backward([fixture["upstream"]]);

        fixture.AssertGradients(encoder.Module, ("pixel_values", pixels));
    }

    [Theory]
    [MemberData(nameof(Folders))]
    public void Pooled_feature_alone(string name)
    {
        using var scope = NewDisposeScope();
        using ModelFixture fixture = new(name);
        IVisionEncoder encoder = VisionEncoders.FromFolder(fixture.Folder);

        fixture.AssertOutput("pooler_output", encoder.Encode(fixture["in/pixel_values"], OutputPositions.First).Pooled!);
    }
}
