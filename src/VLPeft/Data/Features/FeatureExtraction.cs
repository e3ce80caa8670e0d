using static TorchSharp.torch;

namespace VLPeft.Data.Features;

/// <summary>A picture's file as it was read; its key is that of these bytes.</summary>
/// <param name="Path">Where it lies.</param>
/// <param name="Bytes">All of it.</param>
public sealed record ImageFile(string Path, byte[] Bytes);

/// <summary>How <see cref="FeatureExtraction"/> works.</summary>
public sealed record FeatureExtractionOptions
{
    /// <summary>Pictures that go through the encoder at once, at least 1.</summary>
    public int BatchSize { get; init; } = 32;

    /// <summary>Threads that read, decode and process pictures while the encoder is at work; 0 does all in one thread.</summary>
    public int Workers { get; init; } = Environment.ProcessorCount;

    /// <summary>Told after every encoded batch, and at the end.</summary>
    public IProgress<FeatureExtractionProgress>? Progress { get; init; }
}

/// <summary>How far extraction is.</summary>
/// <param name="Done">Pictures whose features are there.</param>
/// <param name="Total">All different pictures.</param>
/// <param name="Encoded">Those of <paramref name="Done"/> that went through the encoder in this run.</param>
public readonly record struct FeatureExtractionProgress(int Done, int Total, int Encoded);

/// <summary>
/// Puts the features of pictures into a cache: those that are not there yet go through the encoder, once each. A run that was interrupted
/// goes on where it ended; a second process that wants the same features waits for the first and finds them.
/// </summary>
public static class FeatureExtraction
{
    private const string HashFile = "file-hashes.tsv";

    /// <summary>Extracts the features of a data set's pictures.</summary>
    /// <param name="imageIds">Ids; one may occur many times.</param>
    /// <param name="source">Finds their files.</param>
    /// <param name="process">Decodes one picture and makes its pixels, (C, H, W); called by several threads at once.</param>
    /// <param name="encode">Pixels (B, C, H, W) to features (B, V, d).</param>
    /// <param name="cache">Takes the features, and must outlive the result.</param>
    /// <param name="options">Batch size, threads, progress.</param>
    /// <param name="cancellation">Ends the run between two pictures; features encoded so far are kept.</param>
    /// <returns>The features by image id.</returns>
    /// <exception cref="InvalidInputException">A file is missing or no picture: it is named; features encoded so far are kept.</exception>
    /// <exception cref="IOException">The disk is full; the cache is whole.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static CachedFeatures Run(IEnumerable<long> imageIds, IImageSource source, Func<ImageFile, Tensor> process,
        Func<Tensor, Tensor> encode, FeatureCache cache, FeatureExtractionOptions? options = null, CancellationToken cancellation = default)
    {
        long[] ids = [.. imageIds.Distinct()];
        ImageKey[] keys = Run([.. ids.Select(source.PathOf)], process, encode, cache, options, cancellation);
        return new CachedFeatures(cache, ids, keys);
    }

    /// <summary>Extracts the features of picture files.</summary>
    /// <param name="paths">Files; one may occur many times.</param>
    /// <param name="process">
    /// Decodes one picture and makes its pixels: (C, H, W), the same shape for all. Called by several threads at once.
    /// </param>
    /// <param name="encode">Pixels (B, C, H, W) to features (B, V, d); called in the caller's thread without gradients.</param>
    /// <param name="cache">Takes the features.</param>
    /// <param name="options">Batch size, threads, progress.</param>
    /// <param name="cancellation">Ends the run between two pictures; features encoded so far are kept.</param>
    /// <returns>The key of each of <paramref name="paths"/>.</returns>
    /// <exception cref="InvalidInputException">A file is missing or no picture: it is named; features encoded so far are kept.</exception>
    /// <exception cref="IOException">The disk is full; the cache is whole.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static ImageKey[] Run(IReadOnlyList<string> paths, Func<ImageFile, Tensor> process, Func<Tensor, Tensor> encode,
        FeatureCache cache, FeatureExtractionOptions? options = null, CancellationToken cancellation = default)
    {
        options ??= new FeatureExtractionOptions();
        ArgumentOutOfRangeException.ThrowIfLessThan(options.BatchSize, 1, nameof(options));
        FileHashIndex hashes = FileHashIndex.Open(Path.Combine(Path.GetDirectoryName(cache.Folder)!, HashFile));
        // Nothing to do needs no right to write, and no waiting for others.
        if (Known(paths, cache, hashes) is { } known)
            return known;
        using IDisposable lease = cache.Lease(cancellation);
        try
        {
            return new ExtractionRun(process, encode, cache, hashes, options).Extract(paths, cancellation);
        }
        finally
        {
            hashes.TrySave();
        }
    }

    private static ImageKey[]? Known(IReadOnlyList<string> paths, FeatureCache cache, FileHashIndex hashes)
    {
        var keys = new Dictionary<string, ImageKey>(StringComparer.Ordinal);
        foreach (string path in paths)
        {
            if (keys.ContainsKey(path))
                continue;
            if (!hashes.TryGet(path, out ImageKey key) || !cache.Contains(key))
                return null;
            keys[path] = key;
        }
        return [.. paths.Select(path => keys[path])];
    }
}
