using System.Collections.Immutable;
using VLPeft.Models;
using VLPeft.Peft;
using VLPeft.Recipes;
using VLPeft.Routing;

namespace VLPeft.VisionLanguage;

/// <summary>
/// The plan that a recipe's peft section means for an encoder-decoder (method.md §6): LoRA on query and value of every attention, or residual adapters
/// behind attentions and feed-forward layers; what belongs to the decoder's self-attention is not routed.
/// </summary>
public static class EncoderDecoderPeft
{
    /// <summary>The method as a plan; null when nothing is attached (full, frozen).</summary>
    /// <exception cref="InvalidInputException">
    /// The routing function mixes the tokens of a text, so that a word would be predicted from those behind it; or the model has nothing for the method to act on.
    /// </exception>
    public static PeftPlan? PlanOf(PeftSection section, IEncoderDecoder text)
    {
        ArgumentNullException.ThrowIfNull(section);
        ArgumentNullException.ThrowIfNull(text);
        if (section.Method is PeftMethod.Lora or PeftMethod.Adapter && !KnownRoutingFunctions.Get(section.Routing).IsPositionWise)
            throw new InvalidInputException($"peft.routing: '{section.Routing}' mixes the tokens of a text; the decoder would then predict every word from the words behind it.");
        return section.Method switch
        {
            PeftMethod.Lora => RankPatterns.Apply(section, text.Module, Lora(section, text)),
            PeftMethod.Adapter => Adapter(section, text),
            _ => RivalPlans.PlanOf(section, Backbone(section, text)),
        };
    }

    private static RivalBackbone Backbone(PeftSection section, IEncoderDecoder text)
    {
        EncoderDecoderTargets targets = text.PeftTargets;
        RequireDefaults(section);
        return new RivalBackbone(
            text.Module, text.Width, Both(targets.Routed, targets.Unrouted), Both(targets.RoutedOutputs, targets.UnroutedOutputs), targets.LayerNorms,
            text.AdapterActivation, targets.Rivals);

        ModulePattern Both(string one, string other) => PeftPlans.InLayers(section, ModulePattern.FullMatch($"{one}|{other}"));
    }

    private static PeftPlan Lora(PeftSection section, IEncoderDecoder text)
    {
        EncoderDecoderTargets targets = text.PeftTargets;
        RequireDefaults(section);
        PeftPlan plan = new LoraOptions(PeftPlans.InLayers(section, ModulePattern.FullMatch(targets.Routed)), section.Rank, section.Alpha ?? section.Rank)
        {
            Scaling = section.Scaling,
            Routing = KnownRoutingFunctions.Get(section.Routing),
            Kind = KnownBottlenecks.Get(section.Bottleneck),
            Dropout = section.Dropout,
            AlsoTrain = AlsoTrain(section, targets),
        }.ToPlan();
        return plan with
        {
            Sites = [.. plan.Sites, new PeftSite(PeftPlans.InLayers(section, ModulePattern.FullMatch(targets.Unrouted)), Attachment.Parallel, Bottleneck: Unrouted(plan))],
        };
    }

    private static PeftPlan Adapter(PeftSection section, IEncoderDecoder text)
    {
        EncoderDecoderTargets targets = text.PeftTargets;
        RequireDefaults(section);
        HiddenActivation activation = section.Activation is null ? text.AdapterActivation : HiddenActivations.Parse(section.Activation);
        PeftPlan plan = new AdapterOptions(PeftPlans.InLayers(section, ModulePattern.FullMatch(targets.RoutedOutputs)), section.Rank, activation)
        {
            Routing = KnownRoutingFunctions.Get(section.Routing),
            Kind = KnownBottlenecks.Get(section.Bottleneck),
            Residual = true,
            Dropout = section.Dropout,
            ShareAs = targets.OutputNames,
            AlsoTrain = section.LayerNormsTrain ? [targets.LayerNorms] : [],
        }.ToPlan();
        return plan with
        {
            Sites =
            [
                .. plan.Sites,
                new PeftSite(PeftPlans.InLayers(section, ModulePattern.FullMatch(targets.UnroutedOutputs)), Attachment.SerialResidual, targets.OutputNames, Bottleneck: Unrouted(plan)),
            ],
        };
    }

    private static BottleneckOptions Unrouted(PeftPlan plan) => plan.Bottleneck with { Routing = KnownRoutingFunctions.None, Kind = KnownBottlenecks.SharedDown };

    private static ImmutableArray<ModulePattern> AlsoTrain(PeftSection section, EncoderDecoderTargets targets) =>
    [
        .. section.TrainTargetBiases && targets.Biases is { } biases ? [biases] : ImmutableArray<ModulePattern>.Empty,
        .. section.LayerNormsTrain ? [targets.LayerNorms] : ImmutableArray<ModulePattern>.Empty,
    ];

    private static void RequireDefaults(PeftSection section)
    {
        if (section.Targets.Count > 0 || section.TargetsRegex is not null)
            throw new InvalidInputException("peft.targets, peft.targets-regex: an encoder-decoder's bottlenecks sit on query and value of all attentions (lora) or behind attentions and feed-forward layers (adapter), "
                + "routed or not by where they are; peft.layers chooses the layers.");
    }
}
