using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using VLPeft.Checkpoints;
using static TorchSharp.torch;

namespace VLPeft.Peft;

/// <summary>
/// Adapters on disk in Hugging Face PEFT's layout: adapter_config.json and adapter_model.safetensors. What PEFT can
/// compute goes both ways; our own plans carry themselves under an extra key, and another peft_type, so that PEFT refuses them instead of dropping the routing.
/// </summary>
public static class PeftFolder
{
    private const string ConfigName = "adapter_config.json";
    private const string WeightsName = "adapter_model.safetensors";
    private const string PickledName = "adapter_model.bin";
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <summary>
    /// Writes what was injected. An earlier adapter in the folder stays as it was until the new weights are complete on disk; its
    /// configuration goes before they take its weights' place, and the new one comes last and names the weights' SHA-256: there is never a
    /// configuration beside weights of another adapter.
    /// </summary>
    /// <param name="model">The model with its bottlenecks.</param>
    /// <param name="folder">Made when it does not exist.</param>
    /// <param name="prefix">What the backbone is called in the model PEFT will load, for example "roberta."; empty for the bare backbone.</param>
    /// <param name="baseModel">base_model_name_or_path.</param>
    public static void Save(PeftModel model, string folder, string prefix = "", string? baseModel = null) =>
        Save(model, folder, prefix, baseModel, static _ => { });

    // "at" is told of each step, so that tests can stop between two of them.
    internal static void Save(PeftModel model, string folder, string prefix, string? baseModel, Action<string> at)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(folder);
        ArgumentNullException.ThrowIfNull(prefix);
        if (prefix.Length > 0 && !prefix.EndsWith('.'))
            throw new ArgumentException($"a prefix ends in a dot, like \"roberta.\"; got \"{prefix}\".", nameof(prefix));
        JsonObject config = HubWriter.Write(model, prefix, baseModel);
        bool forPeft = (string?)config["peft_type"] != HubWriter.OwnType;
        string configPath = Path.Combine(folder, ConfigName), weightsPath = Path.Combine(folder, WeightsName);
        AtomicFile.Write(weightsPath, stream =>
        {
            at("weights begun");
            SafetensorsWriter.Write(stream, Tensors(model, prefix, forPeft), new Dictionary<string, string> { ["format"] = "pt" });
            stream.Flush(flushToDisk: true);
            at("weights complete");
            File.Delete(configPath);
            at("old configuration gone");
        });
        at("weights in place");
        config[PeftPlanJson.Key] = PeftPlanJson.Write(model.Plan, prefix, HashOf(weightsPath));
        AtomicFile.WriteText(configPath, config.ToJsonString(Indented) + "\n");
    }

    /// <summary>Injects a saved adapter into a backbone and loads its weights.</summary>
    /// <param name="folder">A folder written by <see cref="Save(PeftModel, string, string, string?)"/>, or LoRA, rsLoRA, DoRA or (IA)³ written by Hugging Face PEFT.</param>
    /// <param name="backbone">
    /// The model. A prefix that the names in the file have and the model's lack ("roberta.") is found out, and the other way round.
    /// </param>
    /// <param name="feature">Where routed bottlenecks find x_R.</param>
    /// <exception cref="InvalidInputException">
    /// A file is missing or malformed, a setting is not supported, the weights are not those the configuration was written for, a tensor is
    /// missing, left over or of another shape. The backbone is unchanged then.
    /// </exception>
    public static PeftModel Load(string folder, nn.Module backbone, RoutingFeature? feature = null)
    {
        ArgumentNullException.ThrowIfNull(folder);
        ArgumentNullException.ThrowIfNull(backbone);
        if (!Directory.Exists(folder))
            throw new InvalidInputException($"adapter folder '{folder}': there is no such folder.");
        string source = Path.Combine(folder, ConfigName);
        using JsonDocument config = JsonFile.ReadObject(source, "adapter configuration");
        SavedPlan? own = config.RootElement.TryGetProperty(PeftPlanJson.Key, out JsonElement plan) ? PeftPlanJson.Read(plan, source) : null;
        Func<nn.Module, HubPrefixes?, PeftPlan>? hub = own is null ? HubPlan(config.RootElement, source) : null;
        using SafetensorsFile weights = OpenWeights(folder, own?.WeightsHash);
        var prefixes = HubPrefixes.Find(HubNames.Owners(weights.Names), backbone.named_modules().Select(one => one.name), weights.Description);
        PeftModel model = Inject(own?.ToPlan(backbone, prefixes) ?? hub!(backbone, prefixes), backbone, feature, source);
        try
        {
            PeftWeights.Fill(model, weights);
            return model;
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    private static Func<nn.Module, HubPrefixes?, PeftPlan> HubPlan(JsonElement config, string source) =>
        config.TryGetProperty("peft_type", out JsonElement type) && type.ValueEquals(HubIa3Config.Type)
            ? HubIa3Config.Read(config, source).ToPlan
            : HubLoraConfig.Read(config, source).ToPlan;

    private static IEnumerable<KeyValuePair<string, Tensor>> Tensors(PeftModel model, string prefix, bool wholeModules)
    {
        IReadOnlySet<string> biases = HubNames.TargetBiases(model);
        var tensors = new Dictionary<string, Tensor>(StringComparer.Ordinal);
        foreach ((string name, var parameter) in model.AddedParameters)
            tensors.Add(HubNames.Of(name), parameter);
        foreach ((string name, var parameter) in model.AlsoTrained)
            tensors.Add(biases.Contains(name) ? HubNames.InBaseLayer(name) : name, parameter);
        if (wholeModules)
            foreach ((string name, Tensor tensor) in HubNames.SavedTensors(model))
                tensors.TryAdd(name, tensor);
        return tensors.Select(one => KeyValuePair.Create($"{HubNames.Root}{prefix}{one.Key}", one.Value));
    }

    private static PeftModel Inject(PeftPlan plan, nn.Module backbone, RoutingFeature? feature, string source)
    {
        try
        {
            return PeftModel.Inject(backbone, plan, feature);
        }
        catch (InvalidInputException error)
        {
            throw new InvalidInputException($"{source} does not fit the model {backbone.GetName()}: {error.Message}", error);
        }
    }

    private static SafetensorsFile OpenWeights(string folder, string? expectedHash)
    {
        string path = Path.Combine(folder, WeightsName);
        if (!File.Exists(path))
            throw new InvalidInputException(File.Exists(Path.Combine(folder, PickledName))
                ? $"adapter folder '{folder}': there is only a pickled {PickledName}, which is not read; expected {WeightsName} (save the adapter again with safe_serialization)."
                : $"adapter folder '{folder}': there is no {WeightsName}.");
        if (expectedHash is not null && HashOf(path) is var found && found != expectedHash)
            throw new InvalidInputException($"adapter folder '{folder}': {ConfigName} was written for other weights: \"{PeftPlanJson.Key}\".\"{PeftPlanJson.HashKey}\" "
                + $"is {expectedHash}, {WeightsName} has {found}. One of the two was replaced or damaged; save the adapter again (or remove the key, if the weights were changed on purpose).");
        return SafetensorsFile.Open(path);
    }

    private static string HashOf(string path)
    {
        using FileStream stream = File.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(stream));
    }
}
