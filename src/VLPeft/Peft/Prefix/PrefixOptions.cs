using System.Collections.Immutable;

namespace VLPeft.Peft;

/// <summary>
/// Prefix tuning (Li and Liang, 2021): every attention reads P trained keys and values beside those of its input,
/// softmax(Q [P_K; K]ᵀ / √e) [P_V; V].
/// </summary>
/// <param name="Attentions">The attention modules.</param>
/// <param name="Length">P, at least 1.</param>
public sealed record PrefixOptions(ModulePattern Attentions, long Length)
{
    /// <summary>
    /// The inner width of the network that makes all keys and values of one embedding, as published; its first layer is shared by all attentions. Null for
    /// keys and values that train themselves.
    /// </summary>
    public long? Reparametrization { get; init; }

    /// <summary>The backbone's own parameters that train beside them.</summary>
    public ImmutableArray<ModulePattern> AlsoTrain { get; init; } = [];

    /// <summary>The plan.</summary>
    public PeftPlan ToPlan() => PeftPlan.OfUnits([new UnitSite(Attentions, new PrefixTuningKind(Length, Reparametrization))], AlsoTrain);
}
