using VLPeft.Checkpoints;
using VLPeft.Models;
using Xunit;
using static TorchSharp.torch;

namespace VLPeft.Parity.Tests.Models;

/// <summary>The model of fixtures/checkpoints through each of its Hugging Face folders: were all names mapped right?</summary>
[Trait("Category", "Parity")]
public sealed class CheckpointForwardTests
{
    public static TheoryData<string> Folders
    {
        get
        {
            var names = new TheoryData<string>();
            foreach (string folder in Directory.EnumerateDirectories(FixtureRoot.File("checkpoints")).Order())
            {
                if (File.Exists(Path.Combine(folder, "config.json")) && Directory.EnumerateFiles(folder, "*.safetensors").Any())
                    names.Add(Path.GetFileName(folder));
            }
            Assert.NotEmpty(names);
            return names;
        }
    }

    [Theory]
    [MemberData(nameof(Folders))]
    public void Forward(string name)
    {
        set_num_threads(1);
        using var scope = NewDisposeScope();
        using var expected = SafetensorsFile.Open(FixtureRoot.File("checkpoints", "forward.safetensors"));
        ITextEncoder encoder = TextEncoders.FromFolder(FixtureRoot.File("checkpoints", name));

        Tensor last = encoder.Encode(encoder.Embed(expected.Read("input_ids")), expected.Read("attention_mask"));

        TensorAssert.Close(expected.Read("last_hidden_state"), last, TensorAssert.Block, "last_hidden_state");
        TensorAssert.Close(expected.Read("pooler_output"), encoder.Pool(last), TensorAssert.Block, "pooler_output");
    }
}
