namespace VLPeft.Peft;

/// <summary>LayerNorm tuning (Zhao et al., 2024): nothing is added, and of the backbone only the LayerNorms' weights and biases train.</summary>
/// <param name="LayerNorms">The parameters.</param>
public sealed record LayerNormOptions(ModulePattern LayerNorms)
{
    /// <summary>The plan.</summary>
    public PeftPlan ToPlan() => PeftPlan.OfUnits([], [LayerNorms]);
}
