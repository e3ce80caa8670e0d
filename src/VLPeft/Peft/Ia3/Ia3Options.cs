using System.Collections.Immutable;

namespace VLPeft.Peft;

/// <summary>
/// (IA)³ (Liu et al., 2022): keys, values and the inner activations of feed-forward layers are multiplied by trained vectors, y ← l ∘ y, which start at one.
/// </summary>
/// <param name="Outputs">The modules whose outputs are scaled: the projections to keys and values.</param>
/// <param name="Inputs">The modules whose inputs are scaled: the second layers of the feed-forward blocks; null for none.</param>
public sealed record Ia3Options(ModulePattern Outputs, ModulePattern? Inputs)
{
    /// <summary>For fused projections among <see cref="Outputs"/>: which of their equal blocks are scaled; null for all of an output.</summary>
    public ImmutableArray<bool>? Blocks { get; init; }

    /// <summary>The backbone's own parameters that train beside the vectors.</summary>
    public ImmutableArray<ModulePattern> AlsoTrain { get; init; } = [];

    /// <summary>The plan.</summary>
    public PeftPlan ToPlan() => PeftPlan.OfUnits(
        [
            new UnitSite(Outputs, new Ia3Kind(OnInput: false, Blocks is { } blocks ? [.. blocks] : null)),
            .. Inputs is null ? ImmutableArray<UnitSite>.Empty : [new UnitSite(Inputs, new Ia3Kind(OnInput: true, null))],
        ],
        AlsoTrain);
}
