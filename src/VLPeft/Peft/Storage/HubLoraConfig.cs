using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace VLPeft.Peft;

/// <summary>adapter_config.json as Hugging Face PEFT writes it for LoRA, read strictly: what would change the result and isn't supported is an error.</summary>
internal static class HubLoraConfig
{
    // These change nothing in a loaded adapter's forward pass, or are off when they are null, false or empty.
    private static readonly string[] MustBeOff =
        ["use_dora", "rank_pattern", "alpha_pattern", "lora_bias", "layer_replication", "fan_in_fan_out", "megatron_config", "alora_invocation_tokens",
         "arrow_config", "kasa_config", "use_qalora", "use_bdlora", "target_parameters", "trainable_token_indices", "exclude_modules", "layers_pattern"];

    public static PeftPlan ToPlan(JsonElement json, string source)
    {
        string type = Text(json, "peft_type", source);
        if (type != "LORA")
            throw new InvalidInputException($"{source}: \"peft_type\": expected \"LORA\", got \"{type}\"; other methods of PEFT are not read.");
        foreach (string key in MustBeOff)
            if (json.TryGetProperty(key, out JsonElement value) && !IsOff(value))
                throw new InvalidInputException($"{source}: \"{key}\" is {value.GetRawText()}, which is not supported; expected it to be off.");
        long rank = json.TryGetProperty("r", out JsonElement r) && r.TryGetInt64(out long given) && given > 0
            ? given : throw new InvalidInputException($"{source}: \"r\": expected a rank of 1 or more.");
        double alpha = Number(json, "lora_alpha", source);
        bool rootScaled = json.TryGetProperty("use_rslora", out JsonElement rs) && rs.ValueKind == JsonValueKind.True;
        ModulePattern targets = Targets(json, source);
        if (json.TryGetProperty("layers_to_transform", out JsonElement layers) && layers.ValueKind != JsonValueKind.Null)
            targets = targets.InLayers(layers.ValueKind == JsonValueKind.Number ? [layers.GetInt32()] : layers.EnumerateArray().Select(one => one.GetInt32()));
        PeftPlan plan = new LoraOptions(targets, rank, alpha) { Dropout = Number(json, "lora_dropout", source, 0) }.ToPlan();
        return plan with
        {
            Bottleneck = plan.Bottleneck with { Scale = rootScaled ? alpha / Math.Sqrt(rank) : alpha / rank },
            AlsoTrain = Saved(json, targets),
        };
    }

    /// <summary>The keys PEFT needs, for a plan it can represent; a routed one is told by its extra key.</summary>
    public static JsonObject FromPlan(PeftPlan plan, string? baseModel) => new()
    {
        ["peft_type"] = plan.Names.Method == "lora" ? "LORA" : "VLPEFT_ADAPTER",
        ["auto_mapping"] = null,
        ["base_model_name_or_path"] = baseModel,
        ["task_type"] = null,
        ["inference_mode"] = true,
        ["r"] = plan.Bottleneck.Rank,
        ["lora_alpha"] = plan.Bottleneck.Scale * plan.Bottleneck.Rank,
        ["lora_dropout"] = plan.Bottleneck.Dropout,
        ["bias"] = "none",
        ["fan_in_fan_out"] = false,
        ["init_lora_weights"] = true,
        ["use_rslora"] = false,
        ["use_dora"] = false,
        ["target_modules"] = Target(plan.Sites[0].Pattern),
        ["layers_to_transform"] = plan.Sites[0].Pattern.Layers is { } layers ? new JsonArray([.. layers.Order().Select(one => JsonValue.Create(one))]) : null,
        ["modules_to_save"] = null,
    };

    private static JsonNode Target(ModulePattern pattern) => pattern.Expression is { } regex
        ? JsonValue.Create(regex)
        : new JsonArray([.. pattern.SuffixList.Select(one => JsonValue.Create(one))]);

    private static ModulePattern Targets(JsonElement json, string source)
    {
        if (json.TryGetProperty("target_modules", out JsonElement targets))
        {
            if (targets.ValueKind == JsonValueKind.String)
                return ModulePattern.FullMatch(targets.GetString()!);
            if (targets.ValueKind == JsonValueKind.Array && targets.EnumerateArray().All(one => one.ValueKind == JsonValueKind.String))
                return ModulePattern.Suffixes(targets.EnumerateArray().Select(one => one.GetString()!));
        }
        throw new InvalidInputException($"{source}: \"target_modules\": expected a regular expression or a list of module names.");
    }

    // "bias": "lora_only" and "modules_to_save" are the backbone's own parameters in the file.
    private static ImmutableArray<ModulePattern> Saved(JsonElement json, ModulePattern targets)
    {
        var patterns = ImmutableArray.CreateBuilder<ModulePattern>();
        if (json.TryGetProperty("modules_to_save", out JsonElement modules) && modules.ValueKind == JsonValueKind.Array)
            foreach (JsonElement module in modules.EnumerateArray())
                patterns.Add(ModulePattern.FullMatch($@"(.*\.)?{System.Text.RegularExpressions.Regex.Escape(module.GetString()!)}(\..*)?"));
        if (json.TryGetProperty("bias", out JsonElement bias) && bias.ValueKind == JsonValueKind.String && bias.GetString() == "lora_only")
            patterns.Add(targets.Expression is { } regex
                ? ModulePattern.FullMatch($@"(?:{regex})\.bias")
                : ModulePattern.Suffixes(targets.SuffixList.Select(one => $"{one}.bias")));
        return patterns.ToImmutable();
    }

    private static bool IsOff(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Null or JsonValueKind.False => true,
        JsonValueKind.Object => !value.EnumerateObject().Any(),
        JsonValueKind.Array => value.GetArrayLength() == 0,
        _ => false,
    };

    private static string Text(JsonElement json, string key, string source) =>
        json.TryGetProperty(key, out JsonElement value) && value.ValueKind == JsonValueKind.String
            ? value.GetString()! : throw new InvalidInputException($"{source}: \"{key}\": expected text, and there is {(value.ValueKind == JsonValueKind.Undefined ? "none" : value.GetRawText())}.");

    private static double Number(JsonElement json, string key, string source, double? fallback = null) =>
        json.TryGetProperty(key, out JsonElement value) && value.ValueKind == JsonValueKind.Number
            ? value.GetDouble() : fallback ?? throw new InvalidInputException($"{source}: \"{key}\": expected a number.");
}
