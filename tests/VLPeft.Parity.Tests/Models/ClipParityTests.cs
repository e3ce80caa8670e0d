using VLPeft.Models;
using VLPeft.Models.Clip;
using Xunit;
using static TorchSharp.torch;

namespace VLPeft.Parity.Tests.Models;

/// <summary>CLIP against Hugging Face's, on every such folder of fixtures/models.</summary>
[Trait("Category", "Parity")]
public sealed class ClipParityTests
{
    public static TheoryData<string> Folders => ModelFixture.Named("clip");

    [Theory]
    [MemberData(nameof(Folders))]
    public void Text_tower(string name)
    {
        using var scope = NewDisposeScope();
        using ModelFixture fixture = new(name);
        ClipModel model = ClipModel.FromFolder(fixture.Folder);

        ClipTextOutput output = model.EncodeText(fixture["in/input_ids"], fixture["in/attention_mask"], hiddenStates: true);

        fixture.AssertOutput("text/last_hidden_state", output.LastHiddenState);
        fixture.AssertOutput("text/pooler_output", output.Pooled);
        Assert.Equal(fixture.Under("out/text/hidden_states/").Count(), output.HiddenStates!.Count);
        for (int i = 0; i < output.HiddenStates.Count; i++)
            fixture.AssertOutput($"text/hidden_states/{i}", output.HiddenStates[i]);
    }

    [Theory]
    [MemberData(nameof(Folders))]
    public void Vision_tower_of_the_model_and_as_an_encoder(string name)
    {
        using var scope = NewDisposeScope();
        using ModelFixture fixture = new(name);

        foreach (VisionOutput output in (VisionOutput[])
            [
                ClipModel.FromFolder(fixture.Folder).EncodeImage(fixture["in/pixel_values"], hiddenStates: true),
                VisionEncoders.FromFolder(fixture.Folder).Encode(fixture["in/pixel_values"], hiddenStates: true),
            ])
        {
            fixture.AssertOutput("vision/last_hidden_state", output.LastHiddenState);
            fixture.AssertOutput("vision/pooler_output", output.Pooled!);
            fixture.AssertHiddenStates(output.HiddenStates!);
        }
    }

    [Theory]
    [MemberData(nameof(Folders))]
    public void Projections_and_logits(string name)
    {
        using var scope = NewDisposeScope();
        using ModelFixture fixture = new(name);
        ClipModel model = ClipModel.FromFolder(fixture.Folder);

        (Tensor images, Tensor texts) = Features(fixture, model);

        fixture.AssertOutput("image_embeds", images);
        fixture.AssertOutput("text_embeds", texts);
        fixture.AssertOutput("logits_per_image", model.Logits(images, texts));
    }

    [Theory]
    [MemberData(nameof(Folders))]
    public void Gradients_of_every_parameter(string name)
    {
        using var scope = NewDisposeScope();
        using ModelFixture fixture = new(name);
        ClipModel model = ClipModel.FromFolder(fixture.Folder);
        ModelFixture.Train(model);

        (Tensor images, Tensor texts) = Features(fixture, model);
        model.Logits(images, texts).backward([fixture["upstream"]]);

        fixture.AssertGradients(model);
    }

    private static (Tensor Images, Tensor Texts) Features(ModelFixture fixture, ClipModel model) =>
        (model.ImageFeatures(fixture["in/pixel_values"]), model.TextFeatures(fixture["in/input_ids"], fixture["in/attention_mask"]));
}
