using System.Collections.Concurrent;
using TorchSharp;
using VLPeft.Data.Batching;
using static TorchSharp.torch;

namespace VLPeft.Data.Features;

/// <summary>
/// One run of <see cref="FeatureExtraction"/>: workers prepare pictures in order, the caller's thread encodes batches of the new ones.
/// </summary>
internal sealed class ExtractionRun(Func<ImageFile, Tensor> process, Func<Tensor, Tensor> encode, FeatureCache cache, FileHashIndex hashes,
    FeatureExtractionOptions options)
{
    // Pictures on their way to the encoder: a copy of one of them waits for nothing and takes its features.
    private readonly ConcurrentDictionary<ImageKey, bool> underway = new();
    private readonly List<Prepared> batch = [];
    private int encoded;

    public ImageKey[] Extract(IReadOnlyList<string> paths, CancellationToken cancellation)
    {
        string[] files = [.. paths.Distinct(StringComparer.Ordinal)];
        var keys = new Dictionary<string, ImageKey>(files.Length, StringComparer.Ordinal);
        var prefetch = new PrefetchOptions { Workers = options.Workers, Capacity = Math.Max(options.BatchSize, options.Workers) };
        try
        {
            foreach (Prepared picture in Prefetcher.Run(files, Prepare, prefetch))
            {
                keys[picture.Path] = picture.Key;
                if (picture.Pixels is not null)
                    Enqueue(picture);
                cancellation.ThrowIfCancellationRequested();
                if (batch.Count == options.BatchSize)
                    Encode(keys.Count, files.Length);
            }
            Encode(keys.Count, files.Length);
        }
        finally
        {
            Clear();
        }
        return [.. paths.Select(path => keys[path])];
    }

    // Worker threads.
    private Prepared Prepare(string path)
    {
        if (hashes.TryGet(path, out ImageKey key) && cache.Contains(key))
            return new Prepared(path, key, null);
        (key, byte[] bytes) = hashes.Read(path);
        if (cache.Contains(key) || !underway.TryAdd(key, true))
            return new Prepared(path, key, null);
        using var scope = NewDisposeScope();
        return new Prepared(path, key, Process(new ImageFile(path, bytes)).MoveToOuterDisposeScope());
    }

    private Tensor Process(ImageFile file)
    {
        try
        {
            return process(file);
        }
        catch (InvalidInputException e) when (e.Message.Contains(file.Path, StringComparison.Ordinal))
        {
            throw;
        }
        catch (Exception e) when (e is not (OutOfMemoryException or OperationCanceledException))
        {
            throw new InvalidInputException($"The picture '{file.Path}' can't be used: {e.Message}", e);
        }
    }

    private void Enqueue(Prepared picture)
    {
        batch.Add(picture);
        long[] shape = picture.Pixels!.shape, first = batch[0].Pixels!.shape;
        if (!shape.AsSpan().SequenceEqual(first))
        {
            throw new ArgumentException($"The pixels of '{picture.Path}' came as ({string.Join(", ", shape)}), those of " +
                $"'{batch[0].Path}' as ({string.Join(", ", first)}): processing must give one shape.");
        }
    }

    private void Encode(int done, int total)
    {
        if (batch.Count > 0)
        {
            using var scope = NewDisposeScope();
            using var gradients = no_grad();
            Tensor features = encode(stack(batch.Select(picture => picture.Pixels!)));
            cache.Add([.. batch.Select(picture => picture.Key)], features);
            encoded += batch.Count;
            Clear();
        }
        options.Progress?.Report(new FeatureExtractionProgress(done, total, encoded));
    }

    private void Clear()
    {
        batch.ForEach(picture => picture.Dispose());
        batch.Clear();
    }

    /// <summary>A picture and, when it is to be encoded, its pixels.</summary>
    private sealed record Prepared(string Path, ImageKey Key, Tensor? Pixels) : IDisposable
    {
        public void Dispose() => Pixels?.Dispose();
    }
}
