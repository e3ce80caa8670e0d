using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using VLPeft.Models;
using static TorchSharp.torch;

namespace VLPeft.Peft;

/// <summary>adapter_config.json for Hugging Face PEFT: "LORA" or "IA3" for what PEFT can compute, a type it refuses for everything else.</summary>
internal static class HubWriter
{
    public const string OwnType = "VLPEFT";
    private const string LoraType = "LORA";

    public static JsonObject Write(PeftModel model, string prefix, string? baseModel)
    {
        IReadOnlyList<string> modules = HubNames.SavedModules(model);
        bool savable = CanSave(modules, model, prefix);
        var json = new JsonObject
        {
            ["peft_type"] = savable && IsLora(model) ? LoraType : savable && IsIa3(model) ? HubIa3Config.Type : OwnType,
            ["auto_mapping"] = null,
            ["base_model_name_or_path"] = baseModel,
            ["task_type"] = null,
            ["inference_mode"] = true,
            ["revision"] = null,
        };
        if (model.Attached.Count > 0 || model.Units.Any(one => one.Kind is DoraKind))
            AddLora(json, model, prefix);
        else if (model.Units.Any(one => one.Kind is Ia3Kind))
            AddIa3(json, model, prefix);
        json["modules_to_save"] = modules.Count == 0 ? null : List(modules.Select(one => prefix + one));
        return json;
    }

    private static void AddLora(JsonObject json, PeftModel model, string prefix)
    {
        (string Module, long Rank, double Scale)[] all =
        [
            .. model.Attached.Select(one => (one.ModuleName, one.Bottleneck.Options.Rank, one.Bottleneck.Options.Scale)),
            .. model.Units.Where(one => one.Kind is DoraKind).Select(one => (one.ModuleName, ((DoraKind)one.Kind).Rank, ((DoraKind)one.Kind).Scale)),
        ];
        DoraKind? dora = model.Units.Select(one => one.Kind).OfType<DoraKind>().FirstOrDefault();
        (long rank, double alpha) = dora is null
            ? (model.Plan.Bottleneck.Rank, Alpha(model.Plan.Bottleneck.Rank, model.Plan.Bottleneck.Scale)) : (dora.Rank, Alpha(dora.Rank, dora.Scale));
        json["r"] = rank;
        json["lora_alpha"] = alpha;
        json["lora_dropout"] = dora?.Dropout ?? model.Plan.Bottleneck.Dropout;
        json["bias"] = HubNames.TargetBiases(model).Count > 0 ? "lora_only" : "none";
        json["fan_in_fan_out"] = Targets(model).All(one => one.Module is Conv1D);
        json["init_lora_weights"] = true;
        json["use_rslora"] = false;
        json["use_dora"] = dora is not null;
        json["rank_pattern"] = Patterns(all.Where(one => one.Rank != rank).Select(one => (one.Module, (double)one.Rank)), prefix);
        json["alpha_pattern"] = Patterns(all.Select(one => (one.Module, Alpha: Alpha(one.Rank, one.Scale))).Where(one => one.Alpha != alpha), prefix);
        json["target_modules"] = Target(model, SitePatterns(model), [.. all.Select(one => one.Module)], prefix);
        json["layers_to_transform"] = null;
        json["layers_pattern"] = null;
    }

    private static void AddIa3(JsonObject json, PeftModel model, string prefix)
    {
        ModulePattern[] inputs = [.. model.Plan.Units.Where(site => site.Kind is Ia3Kind { OnInput: true }).Select(site => site.Pattern)];
        string[] all = [.. model.Units.Select(one => one.ModuleName)], inner = [.. model.Units.Where(one => one.Kind is Ia3Kind { OnInput: true }).Select(one => one.ModuleName)];
        json["fan_in_fan_out"] = Targets(model).All(one => one.Module is Conv1D);
        json["init_ia3_weights"] = true;
        json["target_modules"] = Target(model, SitePatterns(model), all, prefix);
        json["feedforward_modules"] = inner.Length == 0 ? new JsonArray() : Target(model, inputs, inner, prefix);
    }

    /// <summary>What PEFT's LoRA computes: W x + scale · B A x at each module for itself, or DoRA.</summary>
    private static bool IsLora(PeftModel model) => model.Plan.Units.IsEmpty
        ? model.Plan.Names == BottleneckNames.Lora
            && model.Plan.Sites.All(site => site is { Attach: Attachment.Parallel, Blocks: null, ShareAs: null }
                && model.Plan.BottleneckOf(site) is { IsRouted: false, Kind: SharedDown, Bias: false, Activation: null } own && own.Dropout == model.Plan.Bottleneck.Dropout)
            && model.Attached.Count > 0
        : model.Plan.Sites.IsEmpty && model.Units.All(one => one.Kind is DoraKind)
            && model.Units.Select(one => ((DoraKind)one.Kind).Dropout).Distinct().Count() == 1;

    private static bool IsIa3(PeftModel model) =>
        model.Plan.Sites.IsEmpty && model.Units.Count > 0 && model.Units.All(one => one.Kind is Ia3Kind { Blocks: null });

    // PEFT saves whole modules beside those that carry something, not around or in them, and takes every module whose name ends like theirs.
    private static bool CanSave(IReadOnlyList<string> modules, PeftModel model, string prefix)
    {
        string[] names = [.. model.Backbone.named_modules().Select(one => prefix + one.name)];
        return modules.All(module => module.Length > 0
            && Targets(model).All(one => one.Name != module && !one.Name.StartsWith(module + ".", StringComparison.Ordinal))
            && names.Count(name => name.EndsWith(prefix + module, StringComparison.Ordinal)) == 1);
    }

    private static IEnumerable<(string Name, nn.Module Module)> Targets(PeftModel model) =>
        model.Attached.Select(one => (one.ModuleName, (nn.Module)one.Target)).Concat(model.Units.Select(one => (one.ModuleName, one.Target)));

    private static ModulePattern[] SitePatterns(PeftModel model) => [.. model.Plan.Sites.Select(site => site.Pattern), .. model.Plan.Units.Select(site => site.Pattern)];

    // alpha / r was rounded: the alpha that gives it, whole if there is such a one.
    private static double Alpha(long rank, double scale)
    {
        double alpha = scale * rank, whole = Math.Round(alpha);
        return whole / rank == scale ? whole : alpha;
    }

    /// <summary>
    /// The plan's own words where they mean the same to PEFT, the modules' full names otherwise: several sites, chosen layers (PEFT finds
    /// the layer in another way), an expression for names without the prefix.
    /// </summary>
    private static JsonNode Target(PeftModel model, ModulePattern[] patterns, string[] modules, string prefix)
    {
        if (patterns is [{ Layers: null } pattern] && (pattern.Expression is null || prefix.Length == 0))
            return pattern.Expression is { } regex ? JsonValue.Create(regex) : List(pattern.SuffixList);
        string[] names = [.. modules.Select(one => prefix + one)];
        var attached = names.ToHashSet(StringComparer.Ordinal);
        ModulePattern suffixes = ModulePattern.Suffixes(names);
        bool ambiguous = model.Backbone.named_modules().Any(one => suffixes.Matches(prefix + one.name) && !attached.Contains(prefix + one.name));
        return ambiguous ? JsonValue.Create(string.Join('|', names.Select(Regex.Escape))) : List(names);
    }

    private static JsonObject Patterns(IEnumerable<(string Module, double Value)> values, string prefix) =>
        new(values.Select(one => KeyValuePair.Create<string, JsonNode?>(Regex.Escape(prefix + one.Module), JsonValue.Create(one.Value))));

    private static JsonArray List(IEnumerable<string> names) => new([.. names.Select(one => JsonValue.Create(one))]);
}
