using System.Collections.Immutable;
using System.Text.RegularExpressions;
using VLPeft.Models;
using VLPeft.Peft;
using VLPeft.Recipes;
using VLPeft.Routing;
using static TorchSharp.torch;

namespace VLPeft.VisionLanguage;

/// <summary>What the plans of all tasks have in common.</summary>
internal static class PeftPlans
{
    /// <summary>LoRA on the section's targets, with their biases and the LayerNorms training as it says.</summary>
    public static LoraOptions Lora(PeftSection section, PeftTargets targets) =>
        new(Targets(section, targets.Lora), section.Rank, section.Alpha ?? section.Rank)
        {
            Scaling = section.Scaling,
            Routing = KnownRoutingFunctions.Get(section.Routing),
            Kind = KnownBottlenecks.Get(section.Bottleneck),
            Dropout = section.Dropout,
            AlsoTrain = [.. TargetBiases(section, targets.Lora), .. LayerNorms(section, targets)],
        };

    /// <summary>Adapters behind the pattern's modules, residual if the section says so, with the LayerNorms training as it says.</summary>
    public static AdapterOptions Adapter(PeftSection section, PeftTargets targets, ModulePattern pattern, HiddenActivation activation) =>
        new(pattern, section.Rank, section.Activation is null ? activation : HiddenActivations.Parse(section.Activation))
        {
            Routing = KnownRoutingFunctions.Get(section.Routing),
            Kind = KnownBottlenecks.Get(section.Bottleneck),
            Residual = section.Residual,
            Dropout = section.Dropout,
            AlsoTrain = LayerNorms(section, targets),
        };

    /// <summary>The section's targets, or the defaults.</summary>
    public static ModulePattern Targets(PeftSection section, IReadOnlyList<string> defaults) =>
        InLayers(section, section.TargetsRegex is { } regex ? ModulePattern.FullMatch(regex) : ModulePattern.Suffixes(Names(section, defaults)));

    /// <summary>The pattern in the section's layers.</summary>
    public static ModulePattern InLayers(PeftSection section, ModulePattern pattern) =>
        section.Layers.Count > 0 ? pattern.InLayers(section.Layers) : pattern;

    /// <summary>The names of the section's targets, or the defaults.</summary>
    public static IReadOnlyList<string> Names(PeftSection section, IReadOnlyList<string> defaults) =>
        section.Targets.Count > 0 ? section.Targets : defaults;

    // In all layers, also those without a bottleneck, as the reference does.
    private static ImmutableArray<ModulePattern> TargetBiases(PeftSection section, IReadOnlyList<string> defaults) =>
        !section.TrainTargetBiases ? []
        : section.TargetsRegex is { } regex ? [ModulePattern.FullMatch($@"(?:{regex})\.bias")]
        : [ModulePattern.Suffixes(Names(section, defaults).Select(target => $"{target}.bias"))];

    /// <summary>The biases of the modules that a pattern means, if the section says that they train.</summary>
    public static ImmutableArray<ModulePattern> BiasesOf(PeftSection section, nn.Module backbone, ModulePattern modules)
    {
        if (!section.TrainTargetBiases)
            return [];
        var biases = backbone.named_parameters().Select(one => one.name).Where(name => name.EndsWith(".bias", StringComparison.Ordinal)).ToHashSet();
        string[] own = [.. backbone.named_modules().Select(one => one.name).Where(modules.Matches).Select(name => $"{name}.bias").Where(biases.Contains)];
        return own.Length == 0 ? [] : [ModulePattern.FullMatch(string.Join('|', own.Select(Regex.Escape)))];
    }

    private static ImmutableArray<ModulePattern> LayerNorms(PeftSection section, PeftTargets targets) =>
        section.LayerNormsTrain ? [targets.LayerNorms] : [];
}
