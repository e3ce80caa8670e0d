using TorchSharp;
using TorchSharp.Modules;
using VLPeft.Models;
using VLPeft.Routing;
using static TorchSharp.torch;

namespace VLPeft.Peft;

/// <summary><c>split-merge</c>, an ablation: separate d → r/4 per modality, R in r/4, then one shared r/4 → r.</summary>
public sealed class SplitMerge : IBottleneckKind
{
    /// <inheritdoc/>
    public string Name => "split-merge";

    /// <inheritdoc/>
    public void Validate(long rank) => Quarter.Of(rank, Name);

    /// <inheritdoc/>
    public BottleneckEntry CreateEntry(long width, long rank, bool bias, IRoutingFunction routing) =>
        new SplitMergeEntry(width, rank, Quarter.Routed(routing, Name), residual: false);
}

/// <summary>
/// <c>split-merge-residual</c>, an ablation: as <c>split-merge</c>, with the text side added to what R gives and a LayerNorm over both
/// before the shared r/4 → r.
/// </summary>
public sealed class SplitMergeResidual : IBottleneckKind
{
    /// <inheritdoc/>
    public string Name => "split-merge-residual";

    /// <inheritdoc/>
    public void Validate(long rank)
    {
        // A LayerNorm over one number gives 0 whatever comes in.
        if (Quarter.Of(rank, Name) < 2)
            throw new InvalidInputException($"rank: '{Name}' normalises over r/4 numbers, so the rank must be 8 or more, got {rank}.");
    }

    /// <inheritdoc/>
    public BottleneckEntry CreateEntry(long width, long rank, bool bias, IRoutingFunction routing) =>
        new SplitMergeEntry(width, rank, Quarter.Routed(routing, Name), residual: true);
}

internal sealed class SplitMergeEntry : BottleneckEntry
{
    private readonly IRoutingFunction _routing;
    internal readonly Parameter down_text, down_image, up_shared;
    internal readonly Parameter? norm_weight, norm_bias;

    public SplitMergeEntry(long width, long rank, IRoutingFunction routing, bool residual) : base(nameof(SplitMerge))
    {
        long quarter = rank / 4;
        _routing = routing;
        down_text = Weight(quarter, width);
        down_image = Weight(quarter, width);
        up_shared = Weight(rank, quarter);
        norm_weight = residual ? Layers.Bare(ones(quarter)) : null;
        norm_bias = residual ? Layers.Bare(zeros(quarter)) : null;
        RegisterComponents();
    }

    public override Tensor forward(Tensor hidden, Tensor? feature)
    {
        Tensor text = Project(hidden, down_text); // (B, T, r/4)
        Tensor routed = _routing.Route(text, Project(feature!, down_image));
        if (norm_weight is not null)
            routed = nn.functional.layer_norm(routed.Plus(text).to(norm_weight.dtype), [norm_weight.size(0)], norm_weight, norm_bias).to(text.dtype);
        return Project(routed, up_shared); // (B, T, r)
    }
}
