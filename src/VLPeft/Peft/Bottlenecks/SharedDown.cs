using TorchSharp;
using TorchSharp.Modules;
using VLPeft.Routing;
using static TorchSharp.torch;

namespace VLPeft.Peft;

/// <summary><c>shared-down</c>, the paper's bottleneck: R(W_down x_H, W_down x_R) with one W_down for text and image.</summary>
public sealed class SharedDown : IBottleneckKind
{
    /// <inheritdoc/>
    public string Name => "shared-down";

    /// <inheritdoc/>
    public BottleneckEntry CreateEntry(long width, long rank, bool bias, IRoutingFunction routing) =>
        new SharedDownEntry(width, rank, bias, routing);
}

/// <summary>
/// <c>after-up</c>, an ablation: R(W_up W_down x_H, W_up W_down x_R), routing in the wide space; the paper finds that it does not work.
/// </summary>
public sealed class AfterUp : IBottleneckKind
{
    /// <inheritdoc/>
    public string Name => "after-up";

    /// <inheritdoc/>
    public bool RoutesAfterUp => true;

    /// <inheritdoc/>
    public BottleneckEntry CreateEntry(long width, long rank, bool bias, IRoutingFunction routing) =>
        new SharedDownEntry(width, rank, bias, KnownRoutingFunctions.None);
}

internal sealed class SharedDownEntry : BottleneckEntry
{
    private readonly IRoutingFunction _routing;
    internal readonly Parameter down_weight;
    internal readonly Parameter? down_bias;

    public SharedDownEntry(long width, long rank, bool bias, IRoutingFunction routing) : base(nameof(SharedDown))
    {
        _routing = routing;
        down_weight = Weight(rank, width);
        down_bias = bias ? Linear.FreshBias(rank, width) : null;
        RegisterComponents();
    }

    public override Tensor forward(Tensor hidden, Tensor? feature)
    {
        Tensor text = Down(hidden); // (B, T, r)
        return _routing.NeedsFeature ? _routing.Route(text, Down(feature!)) : text;
    }

    /// <summary>R(W_down x_H, x_v) with x_v = W_down x_R given, (B, V, r).</summary>
    public Tensor Route(Tensor hidden, Tensor vision) => _routing.Route(Down(hidden), vision);

    /// <summary>W_down x, with its bias.</summary>
    public Tensor Down(Tensor x) => Project(x, down_weight, down_bias);
}
