using VLPeft.Models;
using VLPeft.Peft;
using VLPeft.Recipes;

namespace VLPeft.VisionLanguage;

/// <summary>The plan that a recipe's peft section means for a text encoder.</summary>
public static class VqaPeft
{
    /// <summary>LoRA or Adapter as a plan; null when nothing is attached (full, frozen).</summary>
    public static PeftPlan? PlanOf(PeftSection section, ITextEncoder text) => section.Method switch
    {
        PeftMethod.Lora => PeftPlans.Lora(section, text.PeftTargets).ToPlan(),
        PeftMethod.Adapter => PeftPlans.Adapter(
            section, text.PeftTargets, PeftPlans.Targets(section, text.PeftTargets.Adapter), text.Activation).ToPlan(),
        _ => null,
    };
}
