using VLPeft.Routing;

namespace VLPeft.Peft;

/// <summary>
/// A kind of bottleneck: how hidden states and routing feature come down to r and meet there. The paper's method is
/// <c>shared-down</c>; the others are its ablations (method.md §7).
/// </summary>
public interface IBottleneckKind
{
    /// <summary>The name recipes use.</summary>
    string Name { get; }

    /// <summary>True when the kind looks at the image whatever the routing function is.</summary>
    bool AlwaysUsesFeature => false;

    /// <summary>True when R acts after the up projection, in the wide space.</summary>
    bool RoutesAfterUp => false;

    /// <summary>Checks that this rank can be had.</summary>
    /// <exception cref="InvalidInputException">It can't; the message says why.</exception>
    void Validate(long rank) { }

    /// <summary>The modules between the site's input and the r-wide activation.</summary>
    /// <param name="width">d of the hidden states and of the routing feature.</param>
    /// <param name="rank">r, for all blocks together.</param>
    /// <param name="bias">Whether projections have biases.</param>
    /// <param name="routing">R.</param>
    BottleneckEntry CreateEntry(long width, long rank, bool bias, IRoutingFunction routing);
}
