using System.Collections.Immutable;
using VLPeft.Routing;

namespace VLPeft.Peft;

/// <summary>LoRA (Hu et al., 2022), with a routing function inside (method.md §3).</summary>
/// <param name="Targets">The linear layers.</param>
/// <param name="Rank">r, at least 1.</param>
/// <param name="Alpha">The output is scaled by alpha / r, or what <see cref="Scaling"/> says.</param>
public sealed record LoraOptions(ModulePattern Targets, long Rank, double Alpha)
{
    /// <summary>What alpha is divided by.</summary>
    public LoraScaling Scaling { get; init; } = LoraScaling.Rank;

    /// <summary>R; none for plain LoRA.</summary>
    public IRoutingFunction Routing { get; init; } = KnownRoutingFunctions.None;

    /// <summary>Where text and image meet.</summary>
    public IBottleneckKind Kind { get; init; } = KnownBottlenecks.SharedDown;

    /// <summary>Dropout on the bottleneck's inputs while training, 0 ≤ p &lt; 1.</summary>
    public double Dropout { get; init; }

    /// <summary>For a fused projection: its blocks.</summary>
    public OutputBlocks? Blocks { get; init; }

    /// <summary>The backbone's own parameters that train beside the bottlenecks.</summary>
    public ImmutableArray<ModulePattern> AlsoTrain { get; init; } = [];

    /// <summary>The plan: parallel bottlenecks without biases, up projection zero at the start.</summary>
    public PeftPlan ToPlan() => new(
        [new PeftSite(Targets, Attachment.Parallel, Blocks: Blocks)],
        new BottleneckOptions(Rank, Scaling.Of(Alpha, Rank), Kind, Routing, Dropout: Dropout),
        AlsoTrain,
        BottleneckNames.Lora);
}
