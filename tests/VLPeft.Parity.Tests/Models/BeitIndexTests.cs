using VLPeft.Checkpoints;
using VLPeft.Models.Beit;
using Xunit;
using static TorchSharp.torch;

namespace VLPeft.Parity.Tests.Models;

/// <summary>The relative positions we compute are those that Hugging Face stored in its checkpoints as a buffer.</summary>
[Trait("Category", "Parity")]
public sealed class BeitIndexTests
{
    public static TheoryData<string> Folders => ModelFixture.Named("beit");

    [Theory]
    [MemberData(nameof(Folders))]
    public void Index(string name)
    {
        using var scope = NewDisposeScope();
        string folder = FixtureRoot.File("models", name);
        BeitConfig config = BeitConfig.FromJson(File.ReadAllText(Path.Combine(folder, "config.json")));
        using CheckpointFolder checkpoint = CheckpointFolder.Open(folder);
        foreach (string key in checkpoint.Names.Where(key => key.EndsWith("relative_position_index", StringComparison.Ordinal)))
            Assert.Equal(checkpoint.Read(key).data<long>().ToArray(), BeitRelativePositionBias.Index(config.Window));
    }
}
