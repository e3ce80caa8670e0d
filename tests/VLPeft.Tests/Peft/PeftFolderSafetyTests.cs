using System.Text.Json.Nodes;
using TorchSharp;
using TorchSharp.Modules;
using VLPeft.Checkpoints;
using VLPeft.Peft;
using VLPeft.Routing;
using Xunit;
using static TorchSharp.torch;

namespace VLPeft.Tests.Peft;

/// <summary>A folder on disk is a whole: complete for PEFT, and never a configuration beside the weights of another adapter.</summary>
public sealed class PeftFolderSafetyTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("vlpeft-adapter").FullName;

    private string ConfigPath => Path.Combine(_folder, "adapter_config.json");

    private string WeightsPath => Path.Combine(_folder, "adapter_model.safetensors");

    public PeftFolderSafetyTests() => set_num_threads(1);

    public void Dispose() => Directory.Delete(_folder, true);

    private static PeftPlan Plan(long rank = 4, params string[] alsoTrain) => new LoraOptions(ModulePattern.Suffixes("query"), rank, 8)
    {
        AlsoTrain = alsoTrain.Length == 0 ? [] : [ModulePattern.Suffixes(alsoTrain)],
    }.ToPlan();

    private static PeftModel Randomized(PeftPlan plan, Toy toy)
    {
        PeftModel peft = PeftModel.Inject(toy, plan);
        using (no_grad())
            foreach ((_, Parameter parameter) in peft.TrainableParameters)
                parameter.normal_(0, 0.5);
        return peft;
    }

    /// <summary>What PEFT looks up, with a KeyError where it is missing: all of the state dict of each module whose name ends like one of "modules_to_save".</summary>
    private void AssertCompleteForPeft(Toy toy, string prefix)
    {
        JsonObject config = JsonNode.Parse(File.ReadAllText(ConfigPath))!.AsObject();
        Assert.Equal("LORA", (string?)config["peft_type"]);
        using SafetensorsFile file = SafetensorsFile.Open(WeightsPath);
        string[] saved = [.. config["modules_to_save"]?.AsArray().Select(one => (string)one!) ?? []];
        foreach ((string name, nn.Module module) in toy.named_modules())
            if (saved.Any(one => (prefix + name).EndsWith(one, StringComparison.Ordinal)))
                Assert.All(module.state_dict().Keys, key => Assert.Contains($"base_model.model.{prefix}{name}.{key}", file.Names));
    }

    [Theory]
    [InlineData("norm.bias")] // half of a LayerNorm
    [InlineData("0.norm.weight", "1.value.bias")] // in some blocks
    [InlineData("query.bias", "value.bias")] // the biases of layers with and without a LoRA
    public void AModuleThatTrainsInPartIsSavedWhole(params string[] trained)
    {
        using var scope = NewDisposeScope();
        Toy toy = new(), other = new();
        using PeftModel saved = Randomized(Plan(4, trained), toy);
        PeftFolder.Save(saved, _folder, "roberta.");
        AssertCompleteForPeft(toy, "roberta.");

        using PeftModel loaded = PeftFolder.Load(_folder, other);
        Assert.Equal(saved.TrainableParameters.Select(one => one.Name), loaded.TrainableParameters.Select(one => one.Name));
        foreach (((_, Parameter a), (_, Parameter b)) in saved.TrainableParameters.Zip(loaded.TrainableParameters))
            Assert.True(a.Equals(b));
        using SafetensorsFile file = SafetensorsFile.Open(WeightsPath);
        Dictionary<string, Tensor> state = other.state_dict();
        foreach (string key in file.Names.Where(key => !key.Contains(".lora_", StringComparison.Ordinal) && !key.Contains(".base_layer.", StringComparison.Ordinal)))
            Assert.True(state[key["base_model.model.roberta.".Length..]].Equals(file.Read(key)), key);
    }

    // PEFT takes every module whose name ends like "norm": it would look for layer.0.norm in the file.
    [Fact]
    public void AModuleThatPeftWouldConfuseWithOthersIsNotForPeft()
    {
        using var model = new WithNorm();
        using PeftModel peft = PeftModel.Inject(model, Plan() with { AlsoTrain = [ModulePattern.FullMatch(@"norm\.bias")] });
        PeftFolder.Save(peft, _folder);
        Assert.Equal("VLPEFT", (string?)JsonNode.Parse(File.ReadAllText(ConfigPath))!["peft_type"]);
        PeftFolder.Save(peft, _folder, "roberta.");
        Assert.Equal("LORA", (string?)JsonNode.Parse(File.ReadAllText(ConfigPath))!["peft_type"]);
    }

    [Theory, InlineData("weights begun"), InlineData("weights complete"), InlineData("old configuration gone"), InlineData("weights in place")]
    public void ACrashLeavesTheOldAdapterOrNone(string at)
    {
        using var scope = NewDisposeScope();
        using PeftModel first = Randomized(Plan(), new Toy()), second = Randomized(Plan(2), new Toy());
        PeftFolder.Save(first, _folder);
        byte[] old = File.ReadAllBytes(WeightsPath);
        Assert.Throws<TimeoutException>(() => PeftFolder.Save(second, _folder, "", null, step =>
        {
            if (step == at)
                throw new TimeoutException();
        }));
        if (at is "weights begun" or "weights complete")
        {
            Assert.Equal(old, File.ReadAllBytes(WeightsPath));
            PeftFolder.Load(_folder, new Toy()).Dispose();
        }
        else
        {
            Assert.False(File.Exists(ConfigPath));
            Assert.Contains("adapter_config.json", Assert.Throws<InvalidInputException>(() => PeftFolder.Load(_folder, new Toy())).Message, StringComparison.Ordinal);
        }
        PeftFolder.Save(second, _folder);
        using PeftModel loaded = PeftFolder.Load(_folder, new Toy());
        Assert.Equal(2, loaded.Plan.Bottleneck.Rank);
    }

    [Fact]
    public void WeightsOfAnotherAdapterAreRefusedEvenWhenTheirShapesFit()
    {
        using var scope = NewDisposeScope();
        PeftPlan routed = new LoraOptions(ModulePattern.Suffixes("query"), 4, 8) { Routing = KnownRoutingFunctions.Multiply }.ToPlan();
        using PeftModel first = Randomized(Plan(), new Toy()), second = PeftModel.Inject(new Toy(), routed, new RoutingFeature());
        PeftFolder.Save(first, _folder);
        byte[] weights = File.ReadAllBytes(WeightsPath);
        PeftFolder.Save(second, _folder);
        File.WriteAllBytes(WeightsPath, weights);
        string message = Assert.Throws<InvalidInputException>(() => PeftFolder.Load(_folder, new Toy(), new RoutingFeature())).Message;
        Assert.All(["adapter_config.json", "adapter_model.safetensors", "weights_sha256"], word => Assert.Contains(word, message, StringComparison.Ordinal));
    }

    private sealed class WithNorm : nn.Module<Tensor, Tensor>
    {
        private readonly Toy toy = new();
        private readonly LayerNorm norm = nn.LayerNorm(8);

        public WithNorm() : base(nameof(WithNorm)) => RegisterComponents();

        public override Tensor forward(Tensor x) => norm.call(toy.call(x));
    }
}
