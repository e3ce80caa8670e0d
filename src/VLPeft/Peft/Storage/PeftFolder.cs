using System.Text.Json;
using System.Text.Json.Nodes;
using VLPeft.Checkpoints;
using static TorchSharp.torch;

namespace VLPeft.Peft;

/// <summary>
/// Adapters on disk in Hugging Face PEFT's layout: adapter_config.json and adapter_model.safetensors. A plain LoRA goes both ways; our
/// own plans carry their routing under an extra key, and another peft_type, so that PEFT refuses them instead of dropping the routing.
/// </summary>
public static class PeftFolder
{
    internal const string Root = "base_model.model.";
    private const string ConfigName = "adapter_config.json";
    private const string WeightsName = "adapter_model.safetensors";
    private const string PickledName = "adapter_model.bin";
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <summary>Writes what was injected. The weights come first and the configuration last, each atomically.</summary>
    /// <param name="model">The model with its bottlenecks.</param>
    /// <param name="folder">Made when it does not exist.</param>
    /// <param name="prefix">What the backbone is called in the model PEFT will load, for example "roberta."; empty for the bare backbone.</param>
    /// <param name="baseModel">base_model_name_or_path.</param>
    public static void Save(PeftModel model, string folder, string prefix = "", string? baseModel = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(folder);
        ArgumentNullException.ThrowIfNull(prefix);
        if (prefix.Length > 0 && !prefix.EndsWith('.'))
            throw new ArgumentException($"a prefix ends in a dot, like \"roberta.\"; got \"{prefix}\".", nameof(prefix));
        JsonObject config = HubLoraWriter.Write(model, prefix, baseModel);
        config["vlpeft"] = PeftPlanJson.Write(model.Plan);
        IReadOnlySet<string> biases = HubNames.TargetBiases(model);
        var tensors = model.BottleneckParameters.Select(one => KeyValuePair.Create($"{Root}{prefix}{HubNames.Of(one.Name)}", (Tensor)one.Parameter))
            .Concat(model.AlsoTrained.Select(one => KeyValuePair.Create(
                $"{Root}{prefix}{(biases.Contains(one.Name) ? HubNames.InBaseLayer(one.Name) : one.Name)}", (Tensor)one.Parameter)));
        SafetensorsWriter.Write(Path.Combine(folder, WeightsName), tensors, new Dictionary<string, string> { ["format"] = "pt" });
        AtomicFile.WriteText(Path.Combine(folder, ConfigName), config.ToJsonString(Indented) + "\n");
    }

    /// <summary>Injects a saved adapter into a backbone and loads its weights.</summary>
    /// <param name="folder">A folder written by <see cref="Save"/>, or a plain LoRA written by Hugging Face PEFT.</param>
    /// <param name="backbone">The model; a prefix of the names in the file ("roberta.") is found out.</param>
    /// <param name="feature">Where routed bottlenecks find x_R.</param>
    /// <exception cref="InvalidInputException">
    /// A file is missing or malformed, a setting is not supported, a tensor is missing, left over or of another shape. The backbone is
    /// unchanged then.
    /// </exception>
    public static PeftModel Load(string folder, nn.Module backbone, RoutingFeature? feature = null)
    {
        ArgumentNullException.ThrowIfNull(folder);
        ArgumentNullException.ThrowIfNull(backbone);
        if (!Directory.Exists(folder))
            throw new InvalidInputException($"adapter folder '{folder}': there is no such folder.");
        string source = Path.Combine(folder, ConfigName);
        using JsonDocument config = JsonFile.ReadObject(source, "adapter configuration");
        bool own = config.RootElement.TryGetProperty("vlpeft", out JsonElement plan);
        HubLoraConfig? hub = own ? null : HubLoraConfig.Read(config.RootElement, source);
        PeftPlan? ours = own ? PeftPlanJson.Read(plan, source) : null;
        using SafetensorsFile weights = OpenWeights(folder);
        PeftModel model = PeftModel.Inject(backbone, ours ?? hub!.ToPlan(backbone, weights), feature);
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

    private static SafetensorsFile OpenWeights(string folder)
    {
        string path = Path.Combine(folder, WeightsName);
        if (!File.Exists(path))
            throw new InvalidInputException(File.Exists(Path.Combine(folder, PickledName))
                ? $"adapter folder '{folder}': there is only a pickled {PickledName}, which is not read; expected {WeightsName} (save the adapter again with safe_serialization)."
                : $"adapter folder '{folder}': there is no {WeightsName}.");
        return SafetensorsFile.Open(path);
    }
}
