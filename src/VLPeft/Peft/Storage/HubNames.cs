using System.Text.RegularExpressions;
using static TorchSharp.torch;

namespace VLPeft.Peft;

/// <summary>How parameters are called in adapter_model.safetensors, after "base_model.model." and the backbone's prefix.</summary>
internal static partial class HubNames
{
    public const string Root = "base_model.model.";

    /// <summary>The bottlenecks': PEFT's LoRA projections are modules, so that their parameters end in ".weight".</summary>
    public static string Of(string name) => IsProjection(name) ? $"{name}.weight" : name;

    /// <summary>A bias that PEFT saves with "bias": "lora_only".</summary>
    public static string InBaseLayer(string bias) => $"{ModuleOf(bias)}.base_layer.bias";

    /// <summary>"base_model.model.encoder.query.base_layer.bias" → "encoder.query.bias"; null for a key without the root.</summary>
    public static string? WithoutRoot(string key) => key.StartsWith(Root, StringComparison.Ordinal)
        ? key[Root.Length..].Replace(".base_layer.", ".", StringComparison.Ordinal)
        : null;

    /// <summary>The trained biases of layers that carry a LoRA.</summary>
    public static IReadOnlySet<string> TargetBiases(PeftModel model)
    {
        HashSet<string> attached =
        [
            .. model.Attached.Where(one => one.Attachment == Attachment.Parallel).Select(one => one.ModuleName),
            .. model.Units.Where(one => one.Kind is DoraKind).Select(one => one.ModuleName),
        ];
        return model.AlsoTrained.Select(one => one.Name)
            .Where(name => name.EndsWith(".bias", StringComparison.Ordinal) && attached.Contains(ModuleOf(name)))
            .ToHashSet();
    }

    /// <summary>
    /// The modules beside the LoRA layers that train, be it in part: PEFT saves and loads a module in "modules_to_save" with all that is in
    /// it. Modules within others are left out.
    /// </summary>
    public static IReadOnlyList<string> SavedModules(PeftModel model)
    {
        IReadOnlySet<string> biases = TargetBiases(model);
        string[] all = [.. model.AlsoTrained.Select(one => one.Name).Where(name => !biases.Contains(name)).Select(ModuleOf).Distinct()];
        return [.. all.Where(module => !all.Any(outer => module != outer && (outer.Length == 0 || module.StartsWith(outer + ".", StringComparison.Ordinal))))];
    }

    /// <summary>Everything in <see cref="SavedModules"/>, what is frozen in them included.</summary>
    public static IReadOnlyDictionary<string, Tensor> SavedTensors(PeftModel model)
    {
        var saved = SavedModules(model).ToHashSet(StringComparer.Ordinal);
        return model.Backbone.named_modules().Where(one => saved.Contains(one.name))
            .SelectMany(one => one.module.state_dict().Select(entry => KeyValuePair.Create($"{one.name}.{entry.Key}", entry.Value)))
            .DistinctBy(one => one.Key)
            .ToDictionary(StringComparer.Ordinal);
    }

    /// <summary>The module a parameter belongs to; empty for one of the root.</summary>
    public static string ModuleOf(string parameter) => parameter.LastIndexOf('.') is >= 0 and int dot ? parameter[..dot] : "";

    /// <summary>What carries a tensor of the file, without the root: "encoder.query" of "encoder.query.lora_A.weight".</summary>
    public static string OwnerOf(string name) => Bottleneck().Match(name) is { Success: true } match ? match.Groups[1].Value : ModuleOf(name);

    /// <summary>Whether a tensor is a bottleneck's.</summary>
    public static bool IsBottleneck(string name) => Bottleneck().IsMatch(name);

    /// <summary>The owners of all tensors of a file.</summary>
    public static IEnumerable<string> Owners(IEnumerable<string> keys) => keys.Select(WithoutRoot).OfType<string>().Select(OwnerOf);

    private static bool IsProjection(string name) =>
        name.EndsWith(".lora_A", StringComparison.Ordinal) || name.EndsWith(".lora_B", StringComparison.Ordinal);

    [GeneratedRegex(@"^(.*?)\.(?:lora_[^.]*|adapter|compacter|prompt|prefix)(?:\..*)?$", RegexOptions.CultureInvariant)]
    private static partial Regex Bottleneck();
}
