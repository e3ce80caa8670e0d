using static TorchSharp.torch;

namespace VLPeft.Peft;

/// <summary>
/// x_R (B, V, d): set once per forward, read by every routed bottleneck of a model. Not for several threads at once: one per model.
/// </summary>
public sealed class RoutingFeature
{
    /// <summary>A holder for features of a width that is not known beforehand.</summary>
    public RoutingFeature() { }

    /// <summary>A holder for features that are <paramref name="width"/> wide; sites of another width are refused when they are injected.</summary>
    public RoutingFeature(long width) => Width = width;

    /// <summary>d, when it is known before the first forward.</summary>
    public long? Width { get; }

    /// <summary>The feature of the forward that is running, or null.</summary>
    public Tensor? Current { get; private set; }

    /// <summary>What <see cref="Current"/> is the rows of, when it is the same for many forwards.</summary>
    internal FixedRoutingFeature? Fixed { get; private set; }

    /// <summary>Makes <paramref name="feature"/> current until the result is disposed; the tensor stays the caller's.</summary>
    /// <exception cref="ArgumentException">It is not (B, V, d), or its width is not the declared one.</exception>
    public IDisposable Use(Tensor feature)
    {
        ArgumentNullException.ThrowIfNull(feature);
        return Use(feature, null);
    }

    /// <summary>
    /// Makes a feature current that many forwards read, so that what the bottlenecks make of it is computed once. In eval mode and without
    /// gradients; otherwise it is read like any other.
    /// </summary>
    /// <exception cref="ArgumentException">Its width is not the declared one.</exception>
    public IDisposable Use(FixedRoutingFeature feature)
    {
        ArgumentNullException.ThrowIfNull(feature);
        return Use(feature.Rows, feature);
    }

    private Scope Use(Tensor feature, FixedRoutingFeature? whole)
    {
        if (feature.dim() != 3)
            throw new ArgumentException($"a routing feature is (B, V, d), but this one is ({string.Join(", ", feature.shape)}); unsqueeze a pooled one to V = 1.");
        if (Width is { } width && feature.size(2) != width)
            throw new ArgumentException($"the routing feature is {feature.size(2)} wide, but was declared to be {width} wide.");
        var scope = new Scope(this, Current, Fixed);
        (Current, Fixed) = (feature, whole);
        return scope;
    }

    private sealed class Scope(RoutingFeature owner, Tensor? outer, FixedRoutingFeature? outerFixed) : IDisposable
    {
        private bool _left;

        // Once only: a second Dispose must not end a scope that was opened since.
        public void Dispose()
        {
            if (!_left)
                (owner.Current, owner.Fixed) = (outer, outerFixed);
            _left = true;
        }
    }
}
