using VLPeft.Models;
using VLPeft.Peft;
using VLPeft.Recipes;

namespace VLPeft.VisionLanguage;

/// <summary>The plan that a recipe's peft section means for a text encoder.</summary>
public static class VqaPeft
{
    /// <summary>The method as a plan; null when nothing is attached (full, frozen).</summary>
    /// <exception cref="InvalidInputException">The model does not say where the method acts, or a rank pattern means nothing.</exception>
    public static PeftPlan? PlanOf(PeftSection section, ITextEncoder text) => section.Method switch
    {
        PeftMethod.Lora => RankPatterns.Apply(section, text.Module, PeftPlans.Lora(section, text.PeftTargets).ToPlan()),
        PeftMethod.Adapter => PeftPlans.Adapter(
            section, text.PeftTargets, PeftPlans.Targets(section, text.PeftTargets.Adapter), text.Activation).ToPlan(),
        _ => RivalPlans.PlanOf(section, new RivalBackbone(
            text.Module, text.Width, PeftPlans.Targets(section, text.PeftTargets.Lora), PeftPlans.Targets(section, text.PeftTargets.Adapter),
            text.PeftTargets.LayerNorms, text.Activation, text.PeftTargets.Rivals)),
    };
}
