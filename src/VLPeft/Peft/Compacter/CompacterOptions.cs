using System.Collections.Immutable;
using VLPeft.Models;

namespace VLPeft.Peft;

/// <summary>
/// Compacter (Karimi Mahabadi et al., 2021): residual adapters y + up(act(down(y))) whose weights are sums of Kronecker products, W = Σ_i A_i ⊗ B_i over n
/// terms, with A (n, n, n) shared by all layers and each B_i a product of low rank.
/// </summary>
/// <param name="Targets">The modules whose output goes through an adapter.</param>
/// <param name="Width">d, the width of those outputs.</param>
/// <param name="Rank">r, the adapters' inner width.</param>
/// <param name="Activation">Between down and up.</param>
public sealed record CompacterOptions(ModulePattern Targets, long Width, long Rank, HiddenActivation Activation)
{
    /// <summary>n, which divides d and r.</summary>
    public long PhmDimension { get; init; } = 4;

    /// <summary>The rank of each B_i; 0 for whole matrices, as VL-Adapter trains them.</summary>
    public long PhmRank { get; init; } = 1;

    /// <summary>Dropout on the adapters' inputs while training, 0 ≤ p &lt; 1.</summary>
    public double Dropout { get; init; }

    /// <summary>The backbone's own parameters that train beside the adapters.</summary>
    public ImmutableArray<ModulePattern> AlsoTrain { get; init; } = [];

    /// <summary>The plan.</summary>
    public PeftPlan ToPlan() => PeftPlan.OfUnits(
        [new UnitSite(Targets, new CompacterKind(Width, Rank, Activation, PhmDimension, PhmRank, Dropout))], AlsoTrain);
}
