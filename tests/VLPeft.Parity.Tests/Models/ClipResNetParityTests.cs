using VLPeft.Models;
using VLPeft.Models.Clip;
using Xunit;
using static TorchSharp.torch;

namespace VLPeft.Parity.Tests.Models;

/// <summary>CLIP's ResNet against OpenAI's code (clip-anytorch).</summary>
[Trait("Category", "Parity")]
public sealed class ClipResNetParityTests
{
    private const string Name = "clip_resnet";

    [Fact]
    public void Stages_and_attention_pooling()
    {
        using var scope = NewDisposeScope();
        using ModelFixture fixture = new(Name);
        ClipResNetModel model = ClipResNetModel.FromFolder(fixture.Folder);

        Tensor[] stages = model.Stages(fixture["in/pixel_values"]);

        for (int i = 0; i < stages.Length; i++)
            fixture.AssertOutput($"layer{i + 1}", stages[i]);
        fixture.AssertOutput("attnpool", model.Embed(stages[^1]));
    }

    [Fact]
    public void Tokens_of_a_grid_and_their_pooled_feature()
    {
        using var scope = NewDisposeScope();
        using ModelFixture fixture = new(Name);
        string folder = Directory.CreateTempSubdirectory("vlpeft-").FullName;
        try
        {
            File.Copy(Path.Combine(fixture.Folder, "model.safetensors"), Path.Combine(folder, "model.safetensors"));
            string config = File.ReadAllText(Path.Combine(fixture.Folder, "config.json")).TrimEnd().TrimEnd('}');
            File.WriteAllText(Path.Combine(folder, "config.json"), config + ", \"model_type\": \"clip_resnet\", \"grid\": 2 }");
            IVisionEncoder encoder = VisionEncoders.FromFolder(folder);

            VisionOutput output = encoder.Encode(fixture["in/pixel_values"]);

            Assert.Equal(4, encoder.Positions);
            fixture.AssertOutput("grid_2x2", output.LastHiddenState);
            TensorAssert.Close(fixture["out/layer4"].mean([2, 3]), output.Pooled!, TensorAssert.Block, "pooled");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
