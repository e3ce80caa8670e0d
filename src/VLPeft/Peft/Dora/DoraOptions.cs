using System.Collections.Immutable;

namespace VLPeft.Peft;

/// <summary>
/// DoRA (Liu et al., 2024): y = m ∘ V x / ‖V‖ + b with V = W + s · B A and one magnitude m an output feature, which starts at ‖W‖ (rows' norms). The norm is
/// a constant in the backward pass, as published (its section 4.3).
/// </summary>
/// <param name="Targets">The linear layers.</param>
/// <param name="Rank">r, at least 1.</param>
/// <param name="Alpha">s is alpha / r, or what <see cref="Scaling"/> says.</param>
public sealed record DoraOptions(ModulePattern Targets, long Rank, double Alpha)
{
    /// <summary>What alpha is divided by.</summary>
    public LoraScaling Scaling { get; init; } = LoraScaling.Rank;

    /// <summary>Dropout on the input of B A while training, 0 ≤ p &lt; 1.</summary>
    public double Dropout { get; init; }

    /// <summary>The backbone's own parameters that train beside it.</summary>
    public ImmutableArray<ModulePattern> AlsoTrain { get; init; } = [];

    /// <summary>The plan: one unit a layer, B zero at the start.</summary>
    public PeftPlan ToPlan() => PeftPlan.OfUnits([new UnitSite(Targets, new DoraKind(Rank, Scaling.Of(Alpha, Rank), Dropout))], AlsoTrain);
}
