using System.Collections.Immutable;
using System.Text.Json;
using System.Text.RegularExpressions;
using VLPeft.Checkpoints;
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

    /// <summary>The plan for a backbone that may stand under a prefix in the model the adapter was trained in.</summary>
    public PeftPlan ToPlan(nn.Module backbone, SafetensorsFile weights)
    {
        ModulePattern targets = Targets(backbone, weights);
        PeftPlan plan = new LoraOptions(targets, _rank, _rank * _scale) { Dropout = _dropout }.ToPlan();
        string[] parameters = [.. backbone.named_parameters().Select(one => one.name)];
        return plan with
        {
            Bottleneck = plan.Bottleneck with { Scale = _scale },
            // PEFT ignores a name in modules_to_save that the model lacks (it adds "classifier" and "score" on its own).
            AlsoTrain = [.. Saved(backbone, targets).Where(pattern => parameters.Any(pattern.Matches))],
        };
    }

    private ModulePattern Targets(nn.Module backbone, SafetensorsFile weights)
    {
        if (_regex is null)
            return Limited(ModulePattern.Suffixes(_targets));
        ModulePattern pattern = ModulePattern.FullMatch(_regex);
        string[] modules = [.. backbone.named_modules().Select(one => one.name).Where(name => name.Length > 0)];
        string? prefix = HubNames.FindPrefix(HubNames.LoraModules(weights.Names), modules.ToHashSet(StringComparer.Ordinal));
        string outer = prefix?[PeftFolder.Root.Length..] ?? "";
        // The expression is meant for names with the prefix.
        string[] meant = [.. modules.Where(name => pattern.Matches(outer + name))];
        return Limited(meant.Length == 0 || meant.SequenceEqual(modules.Where(pattern.Matches))
            ? pattern
            : ModulePattern.FullMatch(string.Join('|', meant.Select(Regex.Escape))));
    }

    private ModulePattern Limited(ModulePattern pattern) => _layers.IsEmpty ? pattern : pattern.InLayers(_layers);

    // What the file holds of the base model.
    private IEnumerable<ModulePattern> Saved(nn.Module backbone, ModulePattern targets)
    {
        foreach (string module in _modulesToSave)
            yield return ModulePattern.FullMatch($@"(.*\.)?{Regex.Escape(module)}(\..*)?");
        if (_bias == "all")
            yield return ModulePattern.Suffixes("bias");
        if (_bias == "lora_only")
            yield return ModulePattern.FullMatch(
                string.Join('|', backbone.named_modules().Select(one => one.name).Where(targets.Matches).Select(name => Regex.Escape($"{name}.bias"))));
    }

    private static void CheckInitialization(HubConfigReader json)
    {
        if (json.Kind("init_lora_weights") == JsonValueKind.String && !NeutralInitializations.Contains(json.Text("init_lora_weights")))
            throw json.Bad("init_lora_weights", $"true, false or one of {string.Join(", ", NeutralInitializations)} (others change the base weights)");
    }
}
