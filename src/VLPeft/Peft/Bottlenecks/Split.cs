using TorchSharp;
using TorchSharp.Modules;
using VLPeft.Routing;
using static TorchSharp.torch;

namespace VLPeft.Peft;

/// <summary>
/// <c>split</c>, an ablation: each modality has its own way d → r/4 → r before R, at about the parameters of the shared W_down.
/// </summary>
public sealed class Split : IBottleneckKind
{
    /// <inheritdoc/>
    public string Name => "split";

    /// <inheritdoc/>
    public void Validate(long rank) => Quarter.Of(rank, Name);

    /// <inheritdoc/>
    public BottleneckEntry CreateEntry(long width, long rank, bool bias, IRoutingFunction routing) =>
        new SplitEntry(width, rank, Quarter.Routed(routing, Name));
}

internal static class Quarter
{
    public static long Of(long rank, string kind) => rank % 4 == 0
        ? rank / 4
        : throw new InvalidInputException($"rank: '{kind}' goes through r/4, so the rank must be a multiple of 4, got {rank}.");

    // With 'none' the image's own projection would neither be used nor learn.
    public static IRoutingFunction Routed(IRoutingFunction routing, string kind) => routing.NeedsFeature
        ? routing
        : throw new InvalidInputException($"routing: '{kind}' has a projection of its own for the image, so it needs a routing function, got '{routing.Name}'.");
}

internal sealed class SplitEntry : BottleneckEntry
{
    private readonly IRoutingFunction _routing;
    internal readonly Parameter down_text, down_image, up_text, up_image;

    public SplitEntry(long width, long rank, IRoutingFunction routing) : base(nameof(Split))
    {
        long quarter = rank / 4;
        _routing = routing;
        down_text = Weight(quarter, width);
        down_image = Weight(quarter, width);
        up_text = Weight(rank, quarter);
        up_image = Weight(rank, quarter);
        RegisterComponents();
    }

    public override Tensor forward(Tensor hidden, Tensor? feature) => _routing.Route(
        Project(Project(hidden, down_text), up_text), // (B, T, r)
        Project(Project(feature!, down_image), up_image)); // (B, V, r)
}
