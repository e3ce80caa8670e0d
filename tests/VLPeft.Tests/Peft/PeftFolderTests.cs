using System.Collections.Immutable;
using System.Text.Json.Nodes;
using TorchSharp;
using TorchSharp.Modules;
using VLPeft.Checkpoints;
using VLPeft.Models;
using VLPeft.Peft;
using VLPeft.Routing;
using Xunit;
using static TorchSharp.torch;

namespace VLPeft.Tests.Peft;

public sealed class PeftFolderTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("vlpeft-adapter").FullName;

    public PeftFolderTests() => set_num_threads(1);

    public void Dispose() => Directory.Delete(_folder, true);

    private static LoraOptions Lora(params string[] targets) => new(ModulePattern.Suffixes(targets), 4, 8);

    private static AdapterOptions Adapter(params string[] targets) => new(ModulePattern.Suffixes(targets), 4, HiddenActivation.GeluTanh);

    public static TheoryData<string> Plans => [.. All().Keys];

    private static Dictionary<string, PeftPlan> All()
    {
        ImmutableArray<ModulePattern> also = [ModulePattern.Suffixes("query.bias"), ModulePattern.FullMatch(@".*norm\.(weight|bias)")];
        var plans = new Dictionary<string, PeftPlan>
        {
            ["lora"] = Lora("query", "value").ToPlan(),
            ["odd alpha"] = (Lora("query") with { Rank = 7, Alpha = 3 }).ToPlan(),
            ["trained biases and norms"] = (Lora("query", "value") with { AlsoTrain = also }).ToPlan(),
            ["layers"] = (Lora("query") with { Targets = ModulePattern.Suffixes("query").InLayers([1]), AlsoTrain = also }).ToPlan(),
            ["regex"] = (Lora("query") with { Targets = ModulePattern.FullMatch(@"layer\.(0\.query|1\.value)") }).ToPlan(),
            ["adapter"] = Adapter("query").ToPlan(),
            ["residual"] = (Adapter("query") with { Residual = true, AlsoTrain = also, Dropout = 0.25 }).ToPlan(),
            ["shared"] = (Adapter("query") with
            {
                Targets = ModulePattern.FullMatch(@"(layer\.\d+)\.(query|value)"), ShareAs = "$1.one", Residual = true, Routing = KnownRoutingFunctions.Add,
            }).ToPlan(),
            ["two sites"] = Lora("query").ToPlan() with
            {
                Sites = [new PeftSite(ModulePattern.Suffixes("query"), Attachment.Parallel), new PeftSite(ModulePattern.Suffixes("1.value"), Attachment.Parallel)],
            },
            ["rank patterns"] = Lora("query", "value").ToPlan() with
            {
                Sites =
                [
                    new PeftSite(ModulePattern.Suffixes("query"), Attachment.Parallel),
                    new PeftSite(ModulePattern.Suffixes("value"), Attachment.Parallel, Bottleneck: (Lora("value") with { Rank = 2, Alpha = 3 }).ToPlan().Bottleneck),
                ],
            },
            ["ia3"] = (new Ia3Options(ModulePattern.Suffixes("query"), ModulePattern.Suffixes("value")) { AlsoTrain = [also[1]] }).ToPlan(),
            ["ia3 blocks"] = (new Ia3Options(ModulePattern.Suffixes("value"), null) { Blocks = [true, false] }).ToPlan(),
            ["dora"] = (new DoraOptions(ModulePattern.Suffixes("query", "value"), 4, 8) { AlsoTrain = also }).ToPlan(),
            ["compacter"] = (new CompacterOptions(ModulePattern.Suffixes("query"), 8, 4, HiddenActivation.GeluTanh) { PhmDimension = 2 }).ToPlan(),
            ["bitfit"] = new BitFitOptions(ModulePattern.Suffixes("bias")).ToPlan(),
            ["layernorm"] = new LayerNormOptions(also[1]).ToPlan(),
            ["width"] = Adapter("norm").ToPlan() with { Sites = [new PeftSite(ModulePattern.Suffixes("norm"), Attachment.SerialResidual, Width: 8)] },
        };
        foreach (BlockRouting routing in Enum.GetValues<BlockRouting>())
            plans[$"blocks {routing}"] = (Lora("query") with { Blocks = new OutputBlocks([true, false, true, false], routing), Routing = KnownRoutingFunctions.Matmul }).ToPlan();
        foreach (string name in KnownRoutingFunctions.Names.Where(name => name != "none"))
            plans[$"lora {name}"] = (Lora("query", "value") with { Routing = KnownRoutingFunctions.Get(name) }).ToPlan();
        foreach (IBottleneckKind kind in KnownBottlenecks.All)
            plans[$"kind {kind.Name}"] = (Lora("query") with
            {
                Rank = 16, Kind = kind,
                Routing = kind.AlwaysUsesFeature ? KnownRoutingFunctions.None : kind.RoutesAfterUp ? KnownRoutingFunctions.Add : KnownRoutingFunctions.Multiply,
            }).ToPlan();
        return plans;
    }

    private static Toy Copy(Toy other)
    {
        var toy = new Toy();
        var from = other.named_parameters().ToDictionary(one => one.name, one => one.parameter);
        using (no_grad())
            foreach ((string name, Parameter parameter) in toy.named_parameters())
                parameter.copy_(from[name]);
        return toy;
    }

    private static void Randomize(PeftModel peft)
    {
        using (no_grad())
            foreach ((_, Parameter parameter) in peft.TrainableParameters)
                parameter.normal_(0, 0.5);
    }

    private static Tensor Run(Toy toy, RoutingFeature feature, Tensor image, Tensor x)
    {
        toy.eval();
        using (feature.Use(image))
            return toy.call(x).detach();
    }

    [Theory, MemberData(nameof(Plans))]
    public void ComesBackBitForBit(string name)
    {
        using var scope = NewDisposeScope();
        var feature = new RoutingFeature();
        Toy toy = new(), other = Copy(toy);
        Tensor image = randn(2, 1, 8), x = randn(2, 5, 8), plain = Run(other, feature, image, x);
        using PeftModel saved = PeftModel.Inject(toy, All()[name], feature);
        Randomize(saved);
        PeftFolder.Save(saved, _folder, name.Length % 2 == 0 ? "roberta." : "");
        Tensor expected = Run(toy, feature, image, x);
        Assert.False(expected.allclose(plain));

        using PeftModel loaded = PeftFolder.Load(_folder, other, feature);
        Assert.True(Run(other, feature, image, x).Equals(expected));
        Assert.Equal(saved.TrainableParameters.Select(one => one.Name), loaded.TrainableParameters.Select(one => one.Name));
        foreach (((_, Parameter a), (_, Parameter b)) in saved.TrainableParameters.Zip(loaded.TrainableParameters))
            Assert.True(a.Equals(b) && b.requires_grad);
        Assert.Equal(saved.Plan.Bottleneck, loaded.Plan.Bottleneck);
        Assert.Equal(saved.Describe().ToString(), loaded.Describe().ToString());
    }

    // What PEFT can't compute must not carry a type that it knows: it would drop the routing without a word.
    [Theory, InlineData("lora", "LORA"), InlineData("trained biases and norms", "LORA"), InlineData("two sites", "LORA"), InlineData("regex", "LORA")]
    [InlineData("dora", "LORA"), InlineData("rank patterns", "LORA"), InlineData("ia3", "IA3"), InlineData("ia3 blocks", "VLPEFT"), InlineData("compacter", "VLPEFT"), InlineData("bitfit", "VLPEFT")]
    [InlineData("lora multiply", "VLPEFT"), InlineData("adapter", "VLPEFT"), InlineData("blocks Joint", "VLPEFT"), InlineData("kind split", "VLPEFT")]
    public void OnlyAPlainLoraIsOneForPeft(string name, string type) => Assert.Equal(type, (string?)Config(name)["peft_type"]);

    [Fact]
    public void WhatPeftReadsHasItsNamesAndTypes()
    {
        JsonObject config = Config("trained biases and norms", "roberta.");
        Assert.Equal("lora_only", (string?)config["bias"]);
        Assert.Equal("8", config["lora_alpha"]!.ToJsonString());
        Assert.Equal(["roberta.layer.0.norm", "roberta.layer.1.norm"], config["modules_to_save"]!.AsArray().Select(one => (string?)one));
        Assert.Equal(["query", "value"], config["target_modules"]!.AsArray().Select(one => (string?)one));
        using (SafetensorsFile file = SafetensorsFile.Open(Path.Combine(_folder, "adapter_model.safetensors")))
        {
            Assert.Contains("base_model.model.roberta.layer.0.query.base_layer.bias", file.Names);
            Assert.Contains("base_model.model.roberta.layer.0.query.lora_A.weight", file.Names);
            Assert.Contains("base_model.model.roberta.layer.1.norm.weight", file.Names);
            Assert.Equal("pt", file.Metadata["format"]);
        }
        Assert.Equal(["layer.0.query", "layer.1.query", "layer.1.value"], Config("two sites")["target_modules"]!.AsArray().Select(one => (string?)one));
        Assert.Equal(["x.layer.1.query"], Config("layers", "x.")["target_modules"]!.AsArray().Select(one => (string?)one));
        Assert.Equal(["x.layer.0.query", "x.layer.1.value"], Config("regex", "x.")["target_modules"]!.AsArray().Select(one => (string?)one));
        Assert.Equal(@"layer\.(0\.query|1\.value)", (string?)Config("regex")["target_modules"]);
        Assert.Equal("3", Config("odd alpha")["lora_alpha"]!.ToJsonString());
    }

    [Fact]
    public void APlainLoraLoadsWithoutOurKeyAndItsExpressionMayNameThePrefix()
    {
        using var scope = NewDisposeScope();
        var feature = new RoutingFeature();
        Toy toy = new(), other = Copy(toy);
        Tensor image = randn(2, 1, 8), x = randn(2, 5, 8);
        using PeftModel saved = PeftModel.Inject(toy, All()["regex"], feature);
        Randomize(saved);
        PeftFolder.Save(saved, _folder, "roberta.");
        Edit(config => { config.Remove("vlpeft"); config["target_modules"] = @"roberta\.layer\.(0\.query|1\.value)"; });
        using PeftModel loaded = PeftFolder.Load(_folder, other);
        Assert.True(Run(other, feature, image, x).Equals(Run(toy, feature, image, x)));
    }

    [Theory]
    [InlineData("peft_type", "\"LOHA\""), InlineData("use_dora", "1"), InlineData("rank_pattern", "{\"a\":0.5}"), InlineData("rank_pattern", "{\"(\":2}"), InlineData("alpha_pattern", "[2]"), InlineData("from_the_future", "1")]
    [InlineData("init_lora_weights", "\"pissa\""), InlineData("bias", "\"some\""), InlineData("r", "0"), InlineData("r", "\"4\""), InlineData("lora_alpha", "null")]
    [InlineData("lora_dropout", "\"0\""), InlineData("target_modules", "[1]"), InlineData("layers_to_transform", "\"x\""), InlineData("modules_to_save", "3")]
    [InlineData("use_rslora", "1")]
    public void AKeyThatIsNotUnderstoodIsNamed(string key, string value)
    {
        Config("lora");
        Edit(config => { config.Remove("vlpeft"); config[key] = JsonNode.Parse(value); });
        RefusedWith($"\"{key}\"");
    }

    [Theory, InlineData("routing", "\"magic\""), InlineData("sites", "[]"), InlineData("rank", "\"x\""), InlineData("initialization", "\"7\""), InlineData("new", "1")]
    public void AMalformedPlanOfOurOwnIsRefused(string key, string value)
    {
        Config("lora multiply");
        Edit(config => config["vlpeft"]!.AsObject()[key] = JsonNode.Parse(value));
        RefusedWith("vlpeft");
    }

    [Fact]
    public void FilesThatAreMissingOrBrokenAreRefused()
    {
        RefusedWith("does not exist");
        Config("lora");
        string weights = Path.Combine(_folder, "adapter_model.safetensors"), config = Path.Combine(_folder, "adapter_config.json");
        byte[] good = File.ReadAllBytes(weights);
        File.WriteAllBytes(weights, good[..^3]);
        RefusedWith("adapter_model.safetensors");
        File.Move(weights, Path.Combine(_folder, "adapter_model.bin"));
        RefusedWith("adapter_model.bin");
        File.WriteAllText(config, "{");
        RefusedWith("not valid JSON");
        File.WriteAllText(config, "[]");
        RefusedWith("object");
        Assert.Contains("no such folder", Assert.Throws<InvalidInputException>(() => PeftFolder.Load(_folder + "x", new Toy())).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AllThatDoesNotFitIsListedAtOnce()
    {
        using var scope = NewDisposeScope();
        Config("trained biases and norms");
        Rewrite(tensors =>
        {
            tensors.Remove("base_model.model.layer.0.query.lora_A.weight");
            tensors.Remove("base_model.model.layer.1.norm.bias");
            tensors["base_model.model.layer.0.value.lora_B.weight"] = zeros(8, 3);
            tensors["base_model.model.layer.0.value.weight"] = zeros(8, 8); // frozen: nothing of an adapter's
            tensors["base_model.model.layer.1.value.lora_A.weight"] = zeros(4, 8, int64);
        });
        RefusedWith("layer.0.query.lora_A.weight", "layer.1.norm.bias", "layer.0.value.lora_B.weight", "[8, 3]", "left over", "layer.0.value.weight", "kind");
        Rewrite(tensors => { tensors.Clear(); tensors["base_model.model.h.0.attn.lora_A.weight"] = zeros(4, 8); });
        RefusedWith("another model");
    }

    private JsonObject Config(string plan, string prefix = "")
    {
        using var scope = NewDisposeScope();
        using PeftModel peft = PeftModel.Inject(new Toy(), All()[plan], new RoutingFeature());
        PeftFolder.Save(peft, _folder, prefix);
        return JsonNode.Parse(File.ReadAllText(Path.Combine(_folder, "adapter_config.json")))!.AsObject();
    }

    private void Edit(Action<JsonObject> edit)
    {
        string path = Path.Combine(_folder, "adapter_config.json");
        JsonObject config = JsonNode.Parse(File.ReadAllText(path))!.AsObject();
        edit(config);
        File.WriteAllText(path, config.ToJsonString());
    }

    private void Rewrite(Action<Dictionary<string, Tensor>> edit)
    {
        string path = Path.Combine(_folder, "adapter_model.safetensors");
        using SafetensorsFile file = SafetensorsFile.Open(path);
        var tensors = file.Names.ToDictionary(name => name, file.Read);
        edit(tensors);
        SafetensorsWriter.Write(path, tensors);
        Edit(config => config["vlpeft"]!.AsObject().Remove("weights_sha256"));
    }

    /// <summary>Loading fails with these words, and the model computes what it did, bit for bit, and trains what it did.</summary>
    private void RefusedWith(params string[] words)
    {
        using var scope = NewDisposeScope();
        var toy = new Toy();
        Tensor x = randn(2, 5, 8), before = toy.call(x).detach();
        string message = Assert.Throws<InvalidInputException>(() => PeftFolder.Load(_folder, toy, new RoutingFeature())).Message;
        Assert.All(words, word => Assert.Contains(word, message, StringComparison.Ordinal));
        Assert.True(toy.call(x).Equals(before));
        Assert.All(toy.parameters(), parameter => Assert.True(parameter.requires_grad));
    }
}
