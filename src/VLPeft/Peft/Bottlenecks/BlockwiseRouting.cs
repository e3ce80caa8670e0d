using VLPeft.Routing;
using static TorchSharp.torch;

namespace VLPeft.Peft;

/// <summary>Routes each of n equal slices of the rank for itself: what separate bottlenecks on a fused projection do.</summary>
internal sealed class BlockwiseRouting(IRoutingFunction inner, int blocks) : IRoutingFunction
{
    public string Name => inner.Name;

    public bool NeedsFeature => inner.NeedsFeature;

    public bool IsPositionWise => inner.IsPositionWise;

    public Tensor Route(Tensor text, Tensor vision)
    {
        Tensor[] texts = text.chunk(blocks, -1); // n × (B, T, r)
        Tensor[] visions = vision.chunk(blocks, -1);
        return cat([.. texts.Zip(visions, inner.Route)], -1);
    }
}
