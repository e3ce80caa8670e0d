using System.Collections.Immutable;
using VLPeft.Models;
using VLPeft.Peft;
using VLPeft.Recipes;
using VLPeft.Routing;

namespace VLPeft.VisionLanguage;

/// <summary>The plan that a recipe's peft section means for a text encoder.</summary>
public static class VqaPeft
{
    /// <summary>LoRA or Adapter as a plan; null when nothing is attached (full, frozen).</summary>
    public static PeftPlan? PlanOf(PeftSection section, ITextEncoder text) => section.Method switch
    {
        PeftMethod.Lora => Lora(section, text),
        PeftMethod.Adapter => Adapter(section, text),
        _ => null,
    };

    private static PeftPlan Lora(PeftSection section, ITextEncoder text) =>
        new LoraOptions(Targets(section, text.PeftTargets.Lora), section.Rank, section.Alpha ?? section.Rank)
        {
            Routing = KnownRoutingFunctions.Get(section.Routing),
            Kind = KnownBottlenecks.Get(section.Bottleneck),
            Dropout = section.Dropout,
            AlsoTrain = [.. TargetBiases(section, text.PeftTargets.Lora), .. LayerNorms(section, text)],
        }.ToPlan();

    private static PeftPlan Adapter(PeftSection section, ITextEncoder text) =>
        new AdapterOptions(Targets(section, text.PeftTargets.Adapter), section.Rank, section.Activation is null ? text.Activation : HiddenActivations.Parse(section.Activation))
        {
            Routing = KnownRoutingFunctions.Get(section.Routing),
            Kind = KnownBottlenecks.Get(section.Bottleneck),
            Residual = section.Residual,
            Dropout = section.Dropout,
            AlsoTrain = LayerNorms(section, text),
        }.ToPlan();

    private static ModulePattern Targets(PeftSection section, IReadOnlyList<string> defaults)
    {
        ModulePattern pattern = section.TargetsRegex is { } regex ? ModulePattern.FullMatch(regex)
            : ModulePattern.Suffixes(section.Targets.Count > 0 ? section.Targets : defaults);
        return section.Layers.Count > 0 ? pattern.InLayers(section.Layers) : pattern;
    }

    // In all layers, also those without a bottleneck, as the reference does.
    private static ImmutableArray<ModulePattern> TargetBiases(PeftSection section, IReadOnlyList<string> defaults) =>
        !section.TrainTargetBiases ? []
        : section.TargetsRegex is { } regex ? [ModulePattern.FullMatch($@"(?:{regex})\.bias")]
        : [ModulePattern.Suffixes((section.Targets.Count > 0 ? section.Targets : defaults).Select(target => $"{target}.bias"))];

    private static ImmutableArray<ModulePattern> LayerNorms(PeftSection section, ITextEncoder text) =>
        section.TrainLayerNorms ? [text.PeftTargets.LayerNorms] : [];
}
