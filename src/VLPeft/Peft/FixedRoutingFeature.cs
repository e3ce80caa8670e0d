using TorchSharp;
using VLPeft.Models;
using static TorchSharp.torch;

namespace VLPeft.Peft;

/// <summary>
/// x_R of images that stay the same over many forwards, such as the steps of a decode: each bottleneck computes W_down x_R once an image
/// instead of once a row and step. Weights must not change while it is in use. I images, R rows, V vision, d width, r rank.
/// </summary>
/// <remarks>
/// Where all rows belong to one image with V = 1, a routed LoRA on GPT-2's fused projection is folded into one matrix beside the frozen one, which then
/// costs nothing a step (method.md §3). That is done when it is cheaper: rows × tokens to come × (n·r·d + d_out·r) multiply-adds saved,
/// against five times the d_out·n·r·d of folding, which is what folding takes beside them (measured on GPT2-medium in bf16: the product is in
/// fp32, and as much memory as the weights is written anew). With several images at once it never is: each would need a product with its
/// own d_out × d matrix, larger than both low-rank factors together, which all images share.
/// </remarks>
public sealed class FixedRoutingFeature : IDisposable
{
    private const long FoldOverhead = 5;

    private readonly Tensor _images; // (I, V, d)
    private readonly Dictionary<LowRankBottleneck, Tensor> _projected = []; // (I, V, r)
    private readonly Dictionary<LowRankBottleneck, Tensor> _projectedRows = []; // (R, V, r)
    private readonly Dictionary<LowRankBottleneck, (long Image, Tensor Weight, Tensor Bias)> _folded = [];
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

    /// <summary>How many tokens a row will still be given, the next forward's included: what folding would pay off on.</summary>
    public long TokensToCome { get; set; }

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

    /// <summary>
    /// The layer's weight (out, in) and bias with the bottleneck of the one image folded in; null where the low-rank form is cheaper.
    /// </summary>
    internal (Tensor Weight, Tensor Bias)? Folded(LowRankBottleneck bottleneck, Conv1D target, Tensor input)
    {
        if (bottleneck.training || is_grad_enabled() || _images.size(1) != 1 || _imageOf.Any(image => image != _imageOf[0]))
            return null;
        if (_folded.TryGetValue(bottleneck, out (long Image, Tensor Weight, Tensor Bias) known))
            return known.Image == _imageOf[0] ? (known.Weight, known.Bias) : null;
        if (_imageOf.Length * TokensToCome * bottleneck.RowCost <= FoldOverhead * bottleneck.FoldCost)
            return null;
        using var scope = NewDisposeScope();
        (Tensor weight, Tensor? bias) = bottleneck.Fold(_images[_imageOf[0]].to(ScalarType.Float32)); // trained weights are in fp32
        Tensor whole = target.Weight.t().Plus(weight).to(input.dtype), wholeBias = (bias is null ? target.Bias : target.Bias.Plus(bias)).to(input.dtype, copy: true);
        _folded[bottleneck] = (_imageOf[0], whole.DetachFromDisposeScope(), wholeBias.DetachFromDisposeScope());
        return (whole, wholeBias);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _images.Dispose();
        Rows.Dispose();
        Free(_projected);
        Free(_projectedRows);
        foreach ((_, Tensor weight, Tensor bias) in _folded.Values)
        {
            weight.Dispose();
            bias.Dispose();
        }
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
