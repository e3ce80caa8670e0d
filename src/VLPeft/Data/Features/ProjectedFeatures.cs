using TorchSharp;
using static TorchSharp.torch;

namespace VLPeft.Data.Features;

/// <summary>Another store's features through a fixed projection, computed for the rows of each batch.</summary>
/// <param name="inner">The store; stays the caller's.</param>
/// <param name="projection">From its width to the width wanted; stays the caller's.</param>
public sealed class ProjectedFeatures(IFeatureStore inner, PcaProjection projection) : IFeatureStore
{
    private readonly PcaProjection projection = projection.InputWidth == inner.Width
        ? projection
        : throw new InvalidInputException($"The projection takes features {projection.InputWidth} wide, but they are {inner.Width} wide.");

    /// <inheritdoc/>
    public long Tokens => inner.Tokens;

    /// <inheritdoc/>
    public long Width => projection.OutputWidth;

    /// <inheritdoc/>
    public int RowOf(long imageId) => inner.RowOf(imageId);

    /// <inheritdoc/>
    public Tensor Gather(ReadOnlySpan<int> rows)
    {
        using Tensor features = inner.Gather(rows);
        return projection.Apply(features);
    }
}
