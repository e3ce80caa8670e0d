using TorchSharp;
using static TorchSharp.torch;

namespace VLPeft.Peft;

/// <summary>
/// x_R of images that stay the same over many forwards, such as the steps of a decode: each bottleneck computes W_down x_R once an image
/// instead of once a row and step. Weights must not change while it is in use. I images, R rows, V vision, d width, r rank.
/// </summary>
public sealed class FixedRoutingFeature : IDisposable
{
    private readonly Tensor _images; // (I, V, d)
    private readonly Dictionary<LowRankBottleneck, Tensor> _projected = []; // (I, V, r)
    private readonly Dictionary<LowRankBottleneck, Tensor> _projectedRows = []; // (R, V, r)
    private long[] _imageOf;

    /// <summary>Starts with one row an image.</summary>
    /// <param name="images">x_R (I, V, d); copied, the tensor stays the caller's.</param>
    /// <exception cref="ArgumentException">It is not three-dimensional.</exception>
    public FixedRoutingFeature(Tensor images)
    {
        ArgumentNullException.ThrowIfNull(images);
        if (images.dim() != 3)
            throw new ArgumentException($"a routing feature is (I, V, d), but this one is ({string.Join(", ", images.shape)}).");
        _images = images.detach().clone().DetachFromDisposeScope();
        Rows = _images.alias().DetachFromDisposeScope();
        _imageOf = [.. Enumerable.Range(0, (int)images.size(0)).Select(image => (long)image)];
    }

    /// <summary>x_R of the rows, (R, V, d); valid until the next <see cref="Place"/>.</summary>
    public Tensor Rows { get; private set; }

    /// <summary>Says which image each row of the forwards to come belongs to.</summary>
    /// <param name="imageOf">For each of the R rows, a number from 0 to I − 1.</param>
    /// <exception cref="ArgumentException">A number names no image.</exception>
    public void Place(IReadOnlyList<long> imageOf)
    {
        ArgumentNullException.ThrowIfNull(imageOf);
        if (imageOf.Any(image => image < 0 || image >= _images.size(0)))
            throw new ArgumentException($"rows must name images 0 … {_images.size(0) - 1}, but name {string.Join(", ", imageOf)}.");
        if (imageOf.SequenceEqual(_imageOf))
            return;
        _imageOf = [.. imageOf];
        Rows.Dispose();
        Rows = OfRows(_images);
        Free(_projectedRows);
    }

    /// <summary>W_down x_R of the rows, (R, V, r).</summary>
    internal Tensor Projected(LowRankBottleneck bottleneck)
    {
        if (_projectedRows.TryGetValue(bottleneck, out Tensor? known))
            return known;
        if (!_projected.TryGetValue(bottleneck, out Tensor? images))
            _projected[bottleneck] = images = bottleneck.ProjectFeature(_images).DetachFromDisposeScope();
        return _projectedRows[bottleneck] = OfRows(images);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _images.Dispose();
        Rows.Dispose();
        Free(_projected);
        Free(_projectedRows);
    }

    private Tensor OfRows(Tensor images)
    {
        using Tensor numbers = tensor(_imageOf, device: images.device);
        return images.index_select(0, numbers).DetachFromDisposeScope();
    }

    private static void Free(Dictionary<LowRankBottleneck, Tensor> tensors)
    {
        foreach (Tensor each in tensors.Values)
            each.Dispose();
        tensors.Clear();
    }
}
