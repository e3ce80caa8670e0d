using static TorchSharp.torch;

namespace VLPeft.Data.Features;

/// <summary>The features of a data set's pictures in a <see cref="FeatureCache"/>, which stays the caller's to dispose.</summary>
public sealed class CachedFeatures : IFeatureStore
{
    private readonly FeatureCache cache;
    private readonly Dictionary<long, int> rows = [];

    /// <param name="cache">Holds the features of all the keys.</param>
    /// <param name="imageIds">The pictures' ids.</param>
    /// <param name="keys">The key of each.</param>
    /// <exception cref="KeyNotFoundException">The cache has no features of a picture.</exception>
    public CachedFeatures(FeatureCache cache, ReadOnlySpan<long> imageIds, ReadOnlySpan<ImageKey> keys)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(keys.Length, imageIds.Length, nameof(keys));
        this.cache = cache;
        int[] found = cache.Resolve(keys);
        for (int i = 0; i < found.Length; i++)
            rows[imageIds[i]] = found[i];
    }

    /// <inheritdoc/>
    public long Tokens => cache.Kind.Tokens;

    /// <inheritdoc/>
    public long Width => cache.Kind.Width;

    /// <inheritdoc/>
    public int RowOf(long imageId) => rows.TryGetValue(imageId, out int row)
        ? row
        : throw new InvalidInputException($"No features of the picture {imageId} were extracted into '{cache.Folder}'.");

    /// <inheritdoc/>
    /// <exception cref="InvalidInputException">A row was damaged on disk.</exception>
    public Tensor Gather(ReadOnlySpan<int> rows) => cache.Gather(rows);
}
