using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using VLPeft.Models;
using static TorchSharp.torch;

namespace VLPeft.Peft;

/// <summary>adapter_config.json for Hugging Face PEFT: "LORA" for what PEFT can compute, a type it refuses for everything else.</summary>
internal static class HubLoraWriter
{
    public const string LoraType = "LORA";
    private const string OwnType = "VLPEFT";

    public static JsonObject Write(PeftModel model, string prefix, string? baseModel)
    {
        BottleneckOptions options = model.Plan.Bottleneck;
        IReadOnlySet<string> biases = HubNames.TargetBiases(model);
        IReadOnlyList<string> modules = HubNames.SavedModules(model);
        return new JsonObject
        {
            ["peft_type"] = IsPlainLora(model.Plan) && CanSave(modules, model, prefix) ? LoraType : OwnType,
            ["auto_mapping"] = null,
            ["base_model_name_or_path"] = baseModel,
            ["task_type"] = null,
            ["inference_mode"] = true,
            ["revision"] = null,
            ["r"] = options.Rank,
            ["lora_alpha"] = Alpha(options),
            ["lora_dropout"] = options.Dropout,
            ["bias"] = biases.Count > 0 ? "lora_only" : "none",
            ["fan_in_fan_out"] = model.Attached.All(one => one.Target is Conv1D),
            ["init_lora_weights"] = true,
            ["use_rslora"] = false,
            ["use_dora"] = false,
            ["rank_pattern"] = new JsonObject(),
            ["alpha_pattern"] = new JsonObject(),
            ["target_modules"] = Target(model, prefix),
            ["layers_to_transform"] = null,
            ["layers_pattern"] = null,
            ["modules_to_save"] = modules.Count == 0 ? null : List(modules.Select(one => prefix + one)),
        };
    }

    /// <summary>What PEFT's LoRA computes: W x + scale · B A x at each module for itself.</summary>
    private static bool IsPlainLora(PeftPlan plan) =>
        plan.Names == BottleneckNames.Lora
        && plan.Bottleneck is { IsRouted: false, Kind: SharedDown, Bias: false, Activation: null }
        && plan.Sites.All(site => site is { Attach: Attachment.Parallel, Blocks: null, ShareAs: null });

    // PEFT saves whole modules beside those with a LoRA, not around or in them, and takes every module whose name ends like theirs.
    private static bool CanSave(IReadOnlyList<string> modules, PeftModel model, string prefix)
    {
        string[] names = [.. model.Backbone.named_modules().Select(one => prefix + one.name)];
        return modules.All(module => module.Length > 0
            && model.Attached.All(one => one.ModuleName != module && !one.ModuleName.StartsWith(module + ".", StringComparison.Ordinal))
            && names.Count(name => name.EndsWith(prefix + module, StringComparison.Ordinal)) == 1);
    }

    // alpha / r was rounded: the alpha that gives it, whole if there is such a one.
    private static double Alpha(BottleneckOptions options)
    {
        double alpha = options.Scale * options.Rank, whole = Math.Round(alpha);
        return whole / options.Rank == options.Scale ? whole : alpha;
    }

    /// <summary>
    /// The plan's own words where they mean the same to PEFT, the modules' full names otherwise: several sites, chosen layers (PEFT finds
    /// the layer in another way), an expression for names without the prefix.
    /// </summary>
    private static JsonNode Target(PeftModel model, string prefix)
    {
        if (model.Plan.Sites is [{ Pattern: { Layers: null } pattern }] && (pattern.Expression is null || prefix.Length == 0))
            return pattern.Expression is { } regex ? JsonValue.Create(regex) : List(pattern.SuffixList);
        string[] names = [.. model.Attached.Select(one => prefix + one.ModuleName)];
        var attached = names.ToHashSet(StringComparer.Ordinal);
        ModulePattern suffixes = ModulePattern.Suffixes(names);
        bool ambiguous = model.Backbone.named_modules().Any(one => suffixes.Matches(prefix + one.name) && !attached.Contains(prefix + one.name));
        return ambiguous ? JsonValue.Create(string.Join('|', names.Select(Regex.Escape))) : List(names);
    }

    private static JsonArray List(IEnumerable<string> names) => new([.. names.Select(one => JsonValue.Create(one))]);
}
