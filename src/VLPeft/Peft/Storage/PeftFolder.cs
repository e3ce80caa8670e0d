using System.Text.Json;
using System.Text.Json.Nodes;
using TorchSharp.Modules;
using VLPeft.Checkpoints;
using static TorchSharp.torch;

namespace VLPeft.Peft;

/// <summary>
/// Adapters on disk in Hugging Face PEFT's layout: adapter_config.json and adapter_model.safetensors. A plain LoRA goes both ways; our
/// own plans carry their routing under an extra key, which PEFT ignores.
/// </summary>
public static class PeftFolder
{
    private const string Root = "base_model.model.";
    private const string ConfigName = "adapter_config.json";
    private const string WeightsName = "adapter_model.safetensors";
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <summary>Writes what was injected. The weights come first and the configuration last, each atomically.</summary>
    /// <param name="model">The model with its bottlenecks.</param>
    /// <param name="folder">Made when it does not exist.</param>
    /// <param name="prefix">What the backbone is called in the model PEFT will load, for example "roberta."; empty for the bare backbone.</param>
    /// <param name="baseModel">base_model_name_or_path.</param>
    public static void Save(PeftModel model, string folder, string prefix = "", string? baseModel = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        JsonObject config = HubLoraConfig.FromPlan(model.Plan, baseModel);
        var biases = TargetBiases(model);
        config["bias"] = biases.Count > 0 ? "lora_only" : "none";
        string[] modules = [.. model.AlsoTrained.Select(one => one.Name).Where(name => !biases.ContainsKey(name)).Select(ModuleOf).Distinct()];
        config["modules_to_save"] = modules.Length == 0 ? null : new JsonArray([.. modules.Select(one => JsonValue.Create(one))]);
        config["vlpeft"] = PeftPlanJson.Write(model.Plan);
        var tensors = model.BottleneckParameters.Select(one => KeyValuePair.Create($"{Root}{prefix}{HubName(one.Name)}", (Tensor)one.Parameter))
            .Concat(model.AlsoTrained.Select(one => KeyValuePair.Create($"{Root}{prefix}{biases.GetValueOrDefault(one.Name, one.Name)}", (Tensor)one.Parameter)));
        SafetensorsWriter.Write(Path.Combine(folder, WeightsName), tensors, new Dictionary<string, string> { ["format"] = "pt" });
        AtomicFile.WriteText(Path.Combine(folder, ConfigName), config.ToJsonString(Indented) + "\n");
    }

    /// <summary>Injects a saved adapter into a backbone and loads its weights.</summary>
    /// <param name="folder">A folder written by <see cref="Save"/>, or a plain LoRA written by Hugging Face PEFT.</param>
    /// <param name="backbone">The model; a prefix of the names in the file ("roberta.") is found out.</param>
    /// <param name="feature">Where routed bottlenecks find x_R.</param>
    /// <exception cref="InvalidInputException">
    /// A file is missing or malformed, a setting is not supported, a tensor is missing, left over or of another shape.
    /// </exception>
    public static PeftModel Load(string folder, nn.Module backbone, RoutingFeature? feature = null)
    {
        using JsonDocument config = ReadConfig(folder);
        string source = Path.Combine(folder, ConfigName);
        PeftPlan plan = config.RootElement.TryGetProperty("vlpeft", out JsonElement own)
            ? PeftPlanJson.Read(own, source)
            : HubLoraConfig.ToPlan(config.RootElement, source);
        using SafetensorsFile weights = SafetensorsFile.Open(Path.Combine(folder, WeightsName));
        PeftModel model = PeftModel.Inject(backbone, plan, feature);
        try
        {
            Fill(model, backbone, weights);
            return model;
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    private static JsonDocument ReadConfig(string folder)
    {
        string path = Path.Combine(folder, ConfigName);
        if (!File.Exists(path))
            throw new InvalidInputException($"adapter folder '{folder}': there is no {ConfigName}.");
        try
        {
            JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path));
            return document.RootElement.ValueKind == JsonValueKind.Object ? document
                : throw new InvalidInputException($"{path}: expected a JSON object.");
        }
        catch (JsonException error)
        {
            throw new InvalidInputException($"{path}: no valid JSON: {error.Message}", error);
        }
    }

    private static void Fill(PeftModel model, nn.Module backbone, SafetensorsFile weights)
    {
        string prefix = FindPrefix(model, weights);
        var targets = new Dictionary<string, Parameter>();
        foreach ((string name, Parameter parameter) in model.BottleneckParameters)
            targets[HubName(name)] = parameter;
        foreach ((string name, Parameter parameter) in backbone.named_parameters())
            targets.TryAdd(name, parameter); // the backbone's own that were saved: biases, norms, whole modules
        var copies = new List<(Parameter Parameter, string Name)>();
        var wrong = new List<string>();
        foreach (string name in weights.Names)
        {
            string local = name.StartsWith(prefix, StringComparison.Ordinal) ? name[prefix.Length..].Replace(".base_layer.", ".", StringComparison.Ordinal) : name;
            if (!targets.TryGetValue(local, out Parameter? parameter))
                wrong.Add($"'{name}' belongs to nothing in the model");
            else if (!parameter.shape.SequenceEqual(weights.Entry(name).Shape))
                wrong.Add($"'{name}' is ({string.Join(", ", weights.Entry(name).Shape)}), expected ({string.Join(", ", parameter.shape)})");
            else
                copies.Add((parameter, name));
        }
        var filled = copies.Select(one => one.Name[prefix.Length..]).ToHashSet();
        wrong.AddRange(model.BottleneckParameters.Select(one => HubName(one.Name)).Where(name => !filled.Contains(name)).Select(name => $"'{prefix}{name}' is missing"));
        if (wrong.Count > 0)
            throw new InvalidInputException($"{weights.Description}: {string.Join("; ", wrong.Take(20))}{(wrong.Count > 20 ? $" and {wrong.Count - 20} more" : "")}.");
        using (no_grad())
            foreach ((Parameter parameter, string name) in copies)
                using (Tensor value = weights.Read(name))
                    parameter.copy_(value);
    }

    /// <summary>"base_model.model." and what stands between it and our first bottleneck's name.</summary>
    private static string FindPrefix(PeftModel model, SafetensorsFile weights)
    {
        string first = HubName(model.BottleneckParameters.First().Name);
        string[] found = [.. weights.Names.Where(name => name.StartsWith(Root, StringComparison.Ordinal) && name.EndsWith("." + first, StringComparison.Ordinal))];
        return found.Length == 1
            ? found[0][..^first.Length]
            : throw new InvalidInputException($"{weights.Description}: expected one tensor named '{Root}…{first}', found {found.Length}; is the adapter for another model?");
    }

    // PEFT's LoRA projections are modules, so that their parameters end in ".weight".
    private static string HubName(string name) =>
        name.EndsWith(".lora_A", StringComparison.Ordinal) || name.EndsWith(".lora_B", StringComparison.Ordinal) ? $"{name}.weight" : name;

    // The biases of layers that carry a LoRA, under the names PEFT gives them ("bias": "lora_only").
    private static Dictionary<string, string> TargetBiases(PeftModel model)
    {
        var attached = model.Attached.Where(one => one.Attachment == Attachment.Parallel).Select(one => one.ModuleName).ToHashSet();
        return model.AlsoTrained.Select(one => one.Name)
            .Where(name => name.EndsWith(".bias", StringComparison.Ordinal) && attached.Contains(ModuleOf(name)))
            .ToDictionary(name => name, name => $"{ModuleOf(name)}.base_layer.bias");
    }

    private static string ModuleOf(string parameter) => parameter[..parameter.LastIndexOf('.')];
}
