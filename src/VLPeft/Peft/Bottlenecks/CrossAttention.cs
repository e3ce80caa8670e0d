using TorchSharp;
using TorchSharp.Modules;
using VLPeft.Routing;
using static TorchSharp.torch;

namespace VLPeft.Peft;

/// <summary>
/// <c>cross-attention</c>, the strongest rival at equal parameters (method.md §7): text attends to the image inside the bottleneck,
/// four heads over r/4, then r/4 → r. It takes the place of R, for any V.
/// </summary>
public sealed class CrossAttention : IBottleneckKind
{
    internal const int Heads = 4;

    /// <inheritdoc/>
    public string Name => "cross-attention";

    /// <inheritdoc/>
    public bool AlwaysUsesFeature => true;

    /// <inheritdoc/>
    public void Validate(long rank)
    {
        if (rank % (4 * Heads) != 0)
            throw new InvalidInputException($"rank: '{Name}' has {Heads} heads in r/4, so the rank must be a multiple of {4 * Heads}, got {rank}.");
    }

    /// <inheritdoc/>
    public BottleneckEntry CreateEntry(long width, long rank, bool bias, IRoutingFunction routing) =>
        routing.NeedsFeature
            ? throw new InvalidInputException($"routing: '{Name}' takes the place of the routing function, so it goes with 'none' only, got '{routing.Name}'.")
            : new CrossAttentionEntry(width, rank);
}

internal sealed class CrossAttentionEntry : BottleneckEntry
{
    internal readonly Parameter down_text, down_image, query, key, value, @out, up_shared;

    public CrossAttentionEntry(long width, long rank) : base(nameof(CrossAttention))
    {
        long quarter = rank / 4;
        down_text = Weight(quarter, width);
        down_image = Weight(quarter, width);
        query = Weight(quarter, quarter);
        key = Weight(quarter, quarter);
        value = Weight(quarter, quarter);
        @out = Weight(quarter, quarter);
        up_shared = Weight(rank, quarter);
        RegisterComponents();
    }

    public override Tensor forward(Tensor hidden, Tensor? feature)
    {
        Tensor text = Project(hidden, down_text); // (B, T, r/4)
        Tensor image = Project(feature!, down_image); // (B, V, r/4)
        Tensor q = SplitHeads(Project(text, query));
        Tensor k = SplitHeads(Project(image, key));
        Tensor v = SplitHeads(Project(image, value));
        Tensor mixed = nn.functional.scaled_dot_product_attention(q, k, v); // (B, heads, T, r/16)
        return Project(Project(mixed.transpose(1, 2).flatten(2), @out), up_shared);
    }

    // (B, L, r/4) → (B, heads, L, r/16)
    private static Tensor SplitHeads(Tensor x) =>
        x.view(x.size(0), x.size(1), CrossAttention.Heads, x.size(2) / CrossAttention.Heads).transpose(1, 2);
}
