using System.Text.RegularExpressions;

namespace VLPeft.Peft;

/// <summary>How parameters are called in adapter_model.safetensors, after "base_model.model." and the backbone's prefix.</summary>
internal static partial class HubNames
{
    /// <summary>The bottlenecks': PEFT's LoRA projections are modules, so that their parameters end in ".weight".</summary>
    public static string Of(string name) => IsProjection(name) ? $"{name}.weight" : name;

    /// <summary>A bias that PEFT saves with "bias": "lora_only".</summary>
    public static string InBaseLayer(string bias) => $"{ModuleOf(bias)}.base_layer.bias";

    /// <summary>"encoder.query.base_layer.bias" → "encoder.query.bias".</summary>
    public static string WithoutBaseLayer(string name) => name.Replace(".base_layer.", ".", StringComparison.Ordinal);

    /// <summary>The trained biases of layers that carry a LoRA.</summary>
    public static IReadOnlySet<string> TargetBiases(PeftModel model)
    {
        var attached = model.Attached.Where(one => one.Attachment == Attachment.Parallel).Select(one => one.ModuleName).ToHashSet();
        return model.AlsoTrained.Select(one => one.Name)
            .Where(name => name.EndsWith(".bias", StringComparison.Ordinal) && attached.Contains(ModuleOf(name)))
            .ToHashSet();
    }

    /// <summary>The module a parameter belongs to; empty for one of the root.</summary>
    public static string ModuleOf(string parameter) => parameter.LastIndexOf('.') is >= 0 and int dot ? parameter[..dot] : "";

    /// <summary>The modules with a lora_A in a file.</summary>
    public static IEnumerable<string> LoraModules(IEnumerable<string> names) =>
        names.Select(name => LoraA().Match(name)).Where(match => match.Success).Select(match => match.Groups[1].Value);

    /// <summary>
    /// What stands in front of the local names ("base_model.model.roberta."): of all ways to cut the file's names, the one that makes most of
    /// them known, and of equals the shortest. Null when there is none.
    /// </summary>
    public static string? FindPrefix(IEnumerable<string> fileNames, IReadOnlySet<string> known)
    {
        var found = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (string name in fileNames.Where(name => name.StartsWith(PeftFolder.Root, StringComparison.Ordinal)))
            for (int cut = PeftFolder.Root.Length; cut > 0; cut = name.IndexOf('.', cut) + 1)
                if (known.Contains(name[cut..]))
                    found[name[..cut]] = found.GetValueOrDefault(name[..cut]) + 1;
        return found.Count == 0 ? null : found.OrderByDescending(one => one.Value).ThenBy(one => one.Key.Length).First().Key;
    }

    private static bool IsProjection(string name) =>
        name.EndsWith(".lora_A", StringComparison.Ordinal) || name.EndsWith(".lora_B", StringComparison.Ordinal);

    [GeneratedRegex(@"^(.*)\.lora_A\.weight$", RegexOptions.CultureInvariant)]
    private static partial Regex LoraA();
}
