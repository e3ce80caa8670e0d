using System.Collections.Immutable;
using System.Text.Json;
using System.Text.RegularExpressions;
using static TorchSharp.torch;

namespace VLPeft.Peft;

/// <summary>adapter_config.json as Hugging Face PEFT writes it for LoRA, read strictly: what would change the result and isn't supported is an error.</summary>
internal sealed class HubLoraConfig
{
    // Read below.
    private static readonly HashSet<string> Known =
        ["peft_type", "r", "lora_alpha", "lora_dropout", "bias", "use_rslora", "init_lora_weights", "target_modules", "layers_to_transform", "modules_to_save"];

    // Change nothing in the forward pass of an adapter whose weights are in the file. fan_in_fan_out says how the base layer stores its
    // weight; here every layer has (out, in).
    private static readonly HashSet<string> Harmless =
        ["auto_mapping", "base_model_name_or_path", "inference_mode", "peft_version", "revision", "task_type", "runtime_config", "fan_in_fan_out",
         "megatron_core", "qalora_group_size", "eva_config"];

    // The others (pissa, olora, corda, loftq…) change the base weights, which the file does not hold.
    private static readonly string[] NeutralInitializations = ["gaussian", "eva", "orthogonal"];

    private readonly string? _regex;
    private readonly ImmutableArray<string> _targets = [], _modulesToSave = [];
    private readonly ImmutableArray<int> _layers = [];
    private readonly string _bias;
    private readonly double _scale, _dropout;
    private readonly long _rank;

    private HubLoraConfig(HubConfigReader json)
    {
        string type = json.Text("peft_type");
        if (type != "LORA")
            throw json.Bad("peft_type", "\"LORA\" (other methods of PEFT are not supported)");
        json.RequireOff(key => !Known.Contains(key) && !Harmless.Contains(key));
        CheckInitialization(json);
        _rank = json.Integer("r") is > 0 and long rank ? rank : throw json.Bad("r", "a rank of 1 or more");
        double alpha = json.Number("lora_alpha", null);
        _scale = json.Flag("use_rslora") ? alpha / Math.Sqrt(_rank) : alpha / _rank;
        _dropout = json.Number("lora_dropout", 0);
        _bias = json.Has("bias") ? json.Text("bias") : "none";
        if (_bias is not ("none" or "lora_only" or "all"))
            throw json.Bad("bias", "\"none\", \"lora_only\" or \"all\"");
        if (json.Kind("target_modules") == JsonValueKind.String)
            _regex = json.Text("target_modules");
        else
            _targets = json.Texts("target_modules") is { IsEmpty: false } targets
                ? targets : throw json.Bad("target_modules", "a regular expression or a list of module names");
        _layers = json.Integers("layers_to_transform");
        _modulesToSave = [.. json.Texts("modules_to_save").Distinct()];
    }

    /// <exception cref="InvalidInputException">A key is missing, malformed or not supported: the message names file and key.</exception>
    public static HubLoraConfig Read(JsonElement json, string source) => new(new HubConfigReader(json, source));

    /// <summary>The plan for a backbone whose names may differ from the file's by a prefix.</summary>
    public PeftPlan ToPlan(nn.Module backbone, HubPrefixes? prefixes)
    {
        prefixes ??= HubPrefixes.None;
        var names = new PatternTranslation(backbone, prefixes.InFile, prefixes.InModel);
        ModulePattern targets = Limited(_regex is null ? ModulePattern.Suffixes(_targets) : ModulePattern.FullMatch(_regex));
        PeftPlan plan = new LoraOptions(names.OfModules(targets), _rank, _rank * _scale) { Dropout = _dropout }.ToPlan();
        return plan with
        {
            Bottleneck = plan.Bottleneck with { Scale = _scale },
            // PEFT ignores a name in modules_to_save that the model lacks (it adds "classifier" and "score" on its own).
            AlsoTrain = [.. Saved().Where(names.MeansParameters).Select(names.OfParameters), .. Biases(names.BiasesOf(targets))],
        };
    }

    private ModulePattern Limited(ModulePattern pattern) => _layers.IsEmpty ? pattern : pattern.InLayers(_layers);

    // What the file holds of the base model, in the file's names.
    private IEnumerable<ModulePattern> Saved()
    {
        foreach (string module in _modulesToSave)
            yield return ModulePattern.FullMatch($@"(.*\.)?{Regex.Escape(module)}(\..*)?");
        if (_bias == "all")
            yield return ModulePattern.Suffixes("bias");
    }

    // The target layers' own biases, in the backbone's names.
    private IEnumerable<ModulePattern> Biases(string[] names)
    {
        if (_bias == "lora_only" && names.Length > 0)
            yield return ModulePattern.FullMatch(string.Join('|', names.Select(Regex.Escape)));
    }

    private static void CheckInitialization(HubConfigReader json)
    {
        if (json.Kind("init_lora_weights") == JsonValueKind.String && !NeutralInitializations.Contains(json.Text("init_lora_weights")))
            throw json.Bad("init_lora_weights", $"true, false or one of {string.Join(", ", NeutralInitializations)} (others change the base weights)");
    }
}
