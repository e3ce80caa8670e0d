using TorchSharp;
using VLPeft.Checkpoints;
using VLPeft.Models.Gpt2;
using VLPeft.Peft;
using Xunit;
using static TorchSharp.torch;

namespace VLPeft.Parity.Tests.Peft;

/// <summary>Adapter folders as Hugging Face PEFT writes them, on GPT-2, whose weights are stored (in, out): adapted and merged.</summary>
[Trait("Category", "Parity")]
public sealed class Gpt2PeftFolderParityTests
{
    private const string Model = "gpt2";
    private const double Outputs = 1e-5, Weights = 1e-6; // fixtures/peft/README.md

    public static TheoryData<string> Computed => PeftFolderParityTests.Folders(Model, folder => PeftFolderParityTests.Unsupported(folder) is null);

    [Theory, MemberData(nameof(Computed))]
    public void ComputesWhatPeftComputesAdaptedAndMerged(string name)
    {
        using var scope = NewDisposeScope();
        using SafetensorsFile expected = SafetensorsFile.Open(FixtureRoot.File("peft", Model, "expected.safetensors"));
        Gpt2Model model = Gpt2Model.FromFolder(FixtureRoot.File("peft", Model, "base"));
        Tensor ids = expected.Read("input_ids"), mask = expected.Read("attention_mask");
        PeftFolderParityTests.AssertWithin(expected.Read("base/logits"), model.call(ids, mask), Outputs, "base");

        using PeftModel peft = PeftFolder.Load(FixtureRoot.File("peft", Model, name), model);
        PeftFolderParityTests.AssertWithin(expected.Read($"{name}/logits"), model.call(ids, mask), Outputs, "logits");
        PeftFolderParityTests.AssertWithin(
            expected.Read($"{name}/last_hidden_state"), model.Encode(model.WordEmbeddings(ids), mask), Outputs, "last hidden state");

        peft.Merge();
        PeftFolderParityTests.AssertWithin(expected.Read($"{name}/merged/logits"), model.call(ids, mask), Outputs, "merged logits");
        var parameters = model.named_parameters().ToDictionary(one => one.name, one => one.parameter);
        string[] merged = [.. expected.Names.Where(key => key.StartsWith($"{name}/merged/transformer.", StringComparison.Ordinal))];
        Assert.NotEmpty(merged);
        foreach (string key in merged)
            PeftFolderParityTests.AssertWithin(expected.Read(key), parameters[key[$"{name}/merged/".Length..]], Weights, key);
    }
}
