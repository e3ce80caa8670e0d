namespace VLPeft.Peft;

/// <summary>BitFit (Ben Zaken et al., 2022): nothing is added, and of the backbone only the biases train.</summary>
/// <param name="Biases">The parameters.</param>
public sealed record BitFitOptions(ModulePattern Biases)
{
    /// <summary>The plan.</summary>
    public PeftPlan ToPlan() => PeftPlan.OfUnits([], [Biases]);
}
