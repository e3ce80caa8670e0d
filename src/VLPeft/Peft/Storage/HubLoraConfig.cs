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
        ["peft_type", "r", "lora_alpha", "lora_dropout", "bias", "use_rslora", "use_dora", "rank_pattern", "alpha_pattern", "init_lora_weights", "target_modules", "layers_to_transform", "modules_to_save"];

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
    private readonly ImmutableArray<(string Key, double Value)> _ranks, _alphas;
    private readonly string _bias;
    private readonly double _alpha, _dropout;
    private readonly long _rank;
    private readonly LoraScaling _scaling;
    private readonly bool _magnitudes;

    private HubLoraConfig(HubConfigReader json)
    {
        string type = json.Text("peft_type");
        if (type != "LORA")
            throw json.Bad("peft_type", "\"LORA\" or \"IA3\" (other methods of PEFT are not supported)");
        json.RequireOff(key => !Known.Contains(key) && !Harmless.Contains(key));
        CheckInitialization(json);
        _rank = json.Integer("r") is > 0 and long rank ? rank : throw json.Bad("r", "a rank of 1 or more");
        _alpha = json.Number("lora_alpha", null);
        _scaling = json.Flag("use_rslora") ? LoraScaling.SqrtRank : LoraScaling.Rank;
        _magnitudes = json.Flag("use_dora");
        (_ranks, _alphas) = (Patterns(json, "rank_pattern"), Patterns(json, "alpha_pattern"));
        if (_ranks.Any(one => one.Value < 1 || one.Value != Math.Floor(one.Value)))
            throw json.Bad("rank_pattern", "ranks of 1 or more");
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
        return Attached(names, targets) with
        {
            // PEFT ignores a name in modules_to_save that the model lacks (it adds "classifier" and "score" on its own).
            AlsoTrain = [.. Saved().Where(names.MeansParameters).Select(names.OfParameters), .. Biases(names.BiasesOf(targets))],
        };
    }

    private PeftPlan Attached(PatternTranslation names, ModulePattern targets)
    {
        (ModulePattern Pattern, long Rank, double Scale)[] groups = [.. Groups(names, targets)];
        if (_magnitudes)
            return PeftPlan.OfUnits([.. groups.Select(group => new UnitSite(group.Pattern, new DoraKind(group.Rank, group.Scale, _dropout)))], []);
        PeftPlan plan = new LoraOptions(names.OfModules(targets), _rank, _alpha) { Dropout = _dropout, Scaling = _scaling }.ToPlan();
        BottleneckOptions usual = plan.Bottleneck;
        return plan with
        {
            Sites = [.. groups.Select(group => plan.Sites[0] with
            {
                Pattern = group.Pattern,
                Bottleneck = (group.Rank, group.Scale) == (usual.Rank, usual.Scale) ? null : usual with { Rank = group.Rank, Scale = group.Scale },
            })],
        };
    }

    // The targets by their rank and scale.
    private IEnumerable<(ModulePattern Pattern, long Rank, double Scale)> Groups(PatternTranslation names, ModulePattern targets)
    {
        if (_ranks.IsEmpty && _alphas.IsEmpty)
            return [(names.OfModules(targets), _rank, _scaling.Of(_alpha, _rank))];
        return names.ModulesOf(targets)
            .GroupBy(module => (Rank: (long)For(_ranks, module.Original, _rank), Alpha: For(_alphas, module.Original, _alpha)), module => module.Local)
            .Select(group => (PatternTranslation.Exactly(group), group.Key.Rank, _scaling.Of(group.Key.Alpha, group.Key.Rank)));
    }

    // As PEFT looks a module up: the first expression that matches its name, or its end after a dot.
    private static double For(ImmutableArray<(string Key, double Value)> patterns, string module, double usual)
    {
        foreach ((string key, double value) in patterns)
            if (ModulePattern.FullMatch($@"(?:.*\.)?(?:{key})").Matches(module))
                return value;
        return usual;
    }

    private static ImmutableArray<(string Key, double Value)> Patterns(HubConfigReader json, string key)
    {
        ImmutableArray<(string Key, double Value)> patterns = json.Numbers(key);
        try
        {
            foreach ((string expression, _) in patterns)
                ModulePattern.FullMatch(expression);
            return patterns;
        }
        catch (InvalidInputException)
        {
            throw json.Bad(key, "regular expressions");
        }
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
