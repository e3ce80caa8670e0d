using System.Collections.Immutable;

namespace VLPeft.Peft;

/// <summary>Whether the blocks of a fused projection are routed together or one by one.</summary>
public enum BlockRouting
{
    /// <summary>The reference's way: the joint n·r space is routed, then split. Differs from separate bottlenecks for the matmul family.</summary>
    Joint,

    /// <summary>Each block's r space is routed for itself, as separate bottlenecks would.</summary>
    Separate,
}

/// <summary>
/// A fused projection (GPT-2's <c>c_attn</c>: query, key, value) is one site whose output consists of equal blocks; only the enabled
/// ones get a bottleneck. W_down is (n·r, d) and W_up (n·d_block, r) for n enabled blocks, in their order.
/// </summary>
/// <param name="Enabled">One entry a block of the output.</param>
/// <param name="Routing">Joint or separate.</param>
public sealed record OutputBlocks(ImmutableArray<bool> Enabled, BlockRouting Routing)
{
    /// <summary>n: how many blocks carry a bottleneck.</summary>
    public int EnabledCount => Enabled.Count(enabled => enabled);
}
