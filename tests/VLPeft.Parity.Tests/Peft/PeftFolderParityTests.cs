using System.Text.Json;
using TorchSharp;
using VLPeft.Checkpoints;
using VLPeft.Peft;
using Xunit;
using static TorchSharp.torch;

namespace VLPeft.Parity.Tests.Peft;

/// <summary>Adapter folders as Hugging Face PEFT writes them, on RoBERTa: computed exactly, or refused with the key that is not supported.</summary>
[Trait("Category", "Parity")]
public sealed class PeftFolderParityTests : IDisposable
{
    private const string Model = "roberta";
    private readonly string _out = Directory.CreateTempSubdirectory("vlpeft-peft").FullName;

    public void Dispose() => Directory.Delete(_out, true);

    public static TheoryData<string> Computed => Folders(Model, folder => Unsupported(folder) is null);

    public static TheoryData<string> Refused => Folders(Model, folder => Unsupported(folder) is not null);

    [Theory, MemberData(nameof(Computed))]
    public void ComputesWhatPeftComputesAdaptedAndMerged(string name)
    {
        using var scope = NewDisposeScope();
        using SafetensorsFile expected = Expected();
        SequenceClassifier model = Base();
        Tensor ids = expected.Read("input_ids"), mask = expected.Read("attention_mask");
        AssertWithin(expected.Read("base/logits"), model.call(ids, mask), 1e-5, "base");

        using PeftModel peft = PeftFolder.Load(Folder(name), model);
        AssertWithin(expected.Read($"{name}/logits"), model.call(ids, mask), 1e-5, $"{name}: logits");
        AssertWithin(expected.Read($"{name}/last_hidden_state"), model.LastHiddenState(ids, mask), 1e-5, $"{name}: last hidden state");
        AssertTrains(name, peft);

        peft.Merge();
        AssertWithin(expected.Read($"{name}/merged/logits"), model.call(ids, mask), 1e-5, $"{name}: merged logits");
        var parameters = model.named_parameters().ToDictionary(one => one.name, one => one.parameter);
        string[] weights = [.. expected.Names.Where(key => key.StartsWith($"{name}/merged/", StringComparison.Ordinal) && !key.EndsWith("/logits", StringComparison.Ordinal))];
        Assert.NotEmpty(weights);
        foreach (string key in weights)
            AssertWithin(expected.Read(key), parameters[key[$"{name}/merged/".Length..]], 1e-6, key);
    }

    [Theory, MemberData(nameof(Computed))]
    public void WhatWeWriteIsWhatPeftWrites(string name)
    {
        using var scope = NewDisposeScope();
        SequenceClassifier model = Base();
        using (PeftModel peft = PeftFolder.Load(Folder(name), model))
            PeftFolder.Save(peft, _out, baseModel: "../base");
        using SafetensorsFile theirs = SafetensorsFile.Open(Path.Combine(Folder(name), "adapter_model.safetensors"));
        using SafetensorsFile ours = SafetensorsFile.Open(Path.Combine(_out, "adapter_model.safetensors"));
        Assert.Equal(theirs.Names.Order(StringComparer.Ordinal), ours.Names.Order(StringComparer.Ordinal));
        foreach (string key in theirs.Names)
            Assert.True(theirs.Read(key).Equals(ours.Read(key)), key);

        using JsonDocument wanted = Config(Folder(name)), written = Config(_out);
        Assert.Equal(JsonValueKind.Object, written.RootElement.GetProperty("vlpeft").ValueKind);
        string[] free = ["vlpeft", "task_type", "auto_mapping", "modules_to_save", .. Reworded(wanted.RootElement)];
        foreach (JsonProperty property in written.RootElement.EnumerateObject().Where(one => !free.Contains(one.Name)))
            Assert.True(Same(wanted.RootElement.GetProperty(property.Name), property.Value), $"{property.Name}: {property.Value.GetRawText()}");

        SequenceClassifier again = Base();
        using SafetensorsFile expected = Expected();
        using PeftModel reloaded = PeftFolder.Load(_out, again);
        AssertWithin(expected.Read($"{name}/logits"), again.call(expected.Read("input_ids"), expected.Read("attention_mask")), 1e-5, $"{name}: reloaded");
    }

    [Theory, MemberData(nameof(Computed))]
    public void TheBareEncoderTakesAnAdapterThatTouchesNothingElse(string name)
    {
        using var scope = NewDisposeScope();
        SequenceClassifier model = Base();
        using SafetensorsFile file = SafetensorsFile.Open(Path.Combine(Folder(name), "adapter_model.safetensors"));
        if (!file.Names.All(key => key.StartsWith("base_model.model.roberta.", StringComparison.Ordinal)))
        {
            Assert.Contains("left over", Assert.Throws<InvalidInputException>(() => PeftFolder.Load(Folder(name), model.Encoder)).Message, StringComparison.Ordinal);
            return;
        }
        using SafetensorsFile expected = Expected();
        using PeftModel peft = PeftFolder.Load(Folder(name), model.Encoder);
        AssertWithin(expected.Read($"{name}/logits"), model.call(expected.Read("input_ids"), expected.Read("attention_mask")), 1e-5, name);
        PeftFolder.Save(peft, _out, "roberta.");
        using SafetensorsFile ours = SafetensorsFile.Open(Path.Combine(_out, "adapter_model.safetensors"));
        Assert.Equal(file.Names.Order(StringComparer.Ordinal), ours.Names.Order(StringComparer.Ordinal));
    }

    [Theory, MemberData(nameof(Refused))]
    public void RefusesWhatItDoesNotSupportAndLeavesTheModelAlone(string name)
    {
        using var scope = NewDisposeScope();
        using SafetensorsFile expected = Expected();
        SequenceClassifier model = Base();
        var error = Assert.Throws<InvalidInputException>(() => PeftFolder.Load(Folder(name), model));
        Assert.Contains(Unsupported(Folder(name))!, error.Message, StringComparison.Ordinal);
        AssertWithin(expected.Read("base/logits"), model.call(expected.Read("input_ids"), expected.Read("attention_mask")), 1e-5, name);
    }

    // What is written in other words that mean the same: rsLoRA as the alpha of its scale, modules by their full names where some differ from the others.
    private static string[] Reworded(JsonElement wanted) =>
        wanted.GetProperty("peft_type").GetString() == "IA3" ? ["target_modules", "feedforward_modules"]
        : wanted.GetProperty("use_rslora").GetBoolean() ? ["lora_alpha", "use_rslora"]
        : wanted.GetProperty("rank_pattern").EnumerateObject().Any() ? ["target_modules", "r", "lora_alpha", "rank_pattern", "alpha_pattern"]
        : [];

    // From the configuration alone: what is on, and beyond a plain LoRA.
    internal static string? Unsupported(string folder)
    {
        using JsonDocument config = Config(folder);
        if (config.RootElement.GetProperty("peft_type").GetString() is not ("LORA" or "IA3"))
            return "peft_type";
        foreach (string key in new[] { "lora_bias", "layer_replication", "exclude_modules", "target_parameters" })
            if (config.RootElement.TryGetProperty(key, out JsonElement value) && value.GetRawText().Replace(" ", "", StringComparison.Ordinal) is not ("null" or "false" or "{}" or "[]"))
                return key;
        return File.Exists(Path.Combine(folder, "adapter_model.safetensors")) ? null : "adapter_model.bin";
    }

    private static void AssertTrains(string name, PeftModel peft)
    {
        using JsonDocument json = FixtureRoot.Json("peft", "expected.json");
        JsonElement adapter = json.RootElement.GetProperty("models").GetProperty(Model).GetProperty("adapters").GetProperty(name);
        Assert.Equal(adapter.GetProperty("trainable_parameters").GetInt64(), peft.Describe().TrainableParameters);
    }

    private static bool Same(JsonElement a, JsonElement b) =>
        a.ValueKind == JsonValueKind.Array && b.ValueKind == JsonValueKind.Array
            ? a.EnumerateArray().Select(one => one.GetRawText()).Order().SequenceEqual(b.EnumerateArray().Select(one => one.GetRawText()).Order())
            : a.ValueKind == b.ValueKind && (a.ValueKind == JsonValueKind.Number ? a.GetDouble() == b.GetDouble() : JsonElement.DeepEquals(a, b));

    internal static void AssertWithin(Tensor expected, Tensor actual, double tolerance, string what)
    {
        Assert.True(expected.shape.SequenceEqual(actual.shape), what);
        double worst = (expected - actual.detach()).abs().max().item<float>();
        Assert.True(worst <= tolerance, $"{what}: differs by {worst:g3}, allowed {tolerance:g3}");
    }

    internal static TheoryData<string> Folders(string model, Func<string, bool> which)
    {
        set_num_threads(1);
        return [.. Directory.GetDirectories(FixtureRoot.File("peft", model))
            .Where(folder => File.Exists(Path.Combine(folder, "adapter_config.json")) && which(folder)).Select(folder => Path.GetFileName(folder)).Order()];
    }

    private static SequenceClassifier Base() => SequenceClassifier.FromFolder(FixtureRoot.File("peft", Model, "base"));

    private static SafetensorsFile Expected() => SafetensorsFile.Open(FixtureRoot.File("peft", Model, "expected.safetensors"));

    private static string Folder(string name) => FixtureRoot.File("peft", Model, name);

    private static JsonDocument Config(string folder) => JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "adapter_config.json")));
}
