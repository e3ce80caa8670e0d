using VLPeft.Models;
using Xunit;

namespace VLPeft.Tests.Models;

public sealed class HubFolderTests
{
    [Theory]
    [InlineData("roberta", "RobertaForMaskedLM", "roberta.")]
    [InlineData("roberta", "RobertaModel", "")]
    [InlineData("bert", "BertForPreTraining", "bert.")]
    [InlineData("gpt2", "GPT2LMHeadModel", "")] // loaded with its head: "transformer." is in its own names
    public void TheBackbonesPlaceFollowsFromTheArchitecture(string type, string architecture, string prefix)
    {
        using var folder = new TemporaryFolder();
        string config = folder.Write("config.json", $$"""{"model_type": "{{type}}", "architectures": ["{{architecture}}"]}""");
        Assert.Equal(prefix, HubFolder.BackbonePrefix(Path.GetDirectoryName(config)!));
    }
}
