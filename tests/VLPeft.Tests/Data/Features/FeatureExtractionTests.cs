using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using TorchSharp;
using VLPeft.Data;
using VLPeft.Data.Features;
using Xunit;
using static TorchSharp.torch;

namespace VLPeft.Tests.Data.Features;

/// <summary>Pictures here are four bytes, "decoded" to (1, 2, 2) pixels; the encoder gives their sum and mean square.</summary>
public sealed class FeatureExtractionTests : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly FeatureKind kind = SampleFeatures.Kind(1, 2);
    private readonly ConcurrentBag<string> processed = [];
    private readonly List<long> batches = [];

    public FeatureExtractionTests() => set_num_threads(1);

    public void Dispose() => folder.Dispose();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<int> WorkerCounts => [0, 1, 3];

    [Theory]
    [MemberData(nameof(WorkerCounts))]
    public void Every_picture_gets_its_features_through_the_encoder_once(int workers)
    {
        string[] paths = Pictures(25);
        using FeatureCache cache = Open();
        ImageKey[] keys = Run(cache, [.. paths, paths[3], paths[0]], workers);
        Assert.Equal(keys[3], keys[25]);
        Assert.Equal(Enumerable.Range(0, 25).SelectMany(Expected), Values(cache, keys[..25]));
        Assert.Equal(25, processed.Count);
        Assert.Equal([10, 10, 5], batches);

        Run(cache, paths, workers);
        Assert.Equal(25, processed.Count);
    }

    [Fact]
    public void Copies_of_a_picture_are_encoded_once()
    {
        string[] paths = Pictures(4);
        string copy = folder.Write("copy.jpg", File.ReadAllBytes(paths[2]));
        using FeatureCache cache = Open();
        ImageKey[] keys = Run(cache, [.. paths, copy], workers: 3);
        Assert.Equal(keys[2], keys[4]);
        Assert.Equal(4, processed.Count);
        Assert.Equal(4, cache.Count);
    }

    [Theory]
    [MemberData(nameof(WorkerCounts))]
    public void A_corrupt_picture_is_named_and_what_was_encoded_stays(int workers)
    {
        string[] paths = Pictures(30);
        File.WriteAllBytes(paths[17], [1, 2]);
        using (FeatureCache cache = Open())
        {
            string message = Assert.Throws<InvalidInputException>(() => Run(cache, paths, workers)).Message;
            Assert.Contains(paths[17], message);
            Assert.Contains("truncated", message);
        }
        Pictures(30);
        batches.Clear();
        using FeatureCache next = Open();
        Assert.Equal(10, next.Count);
        ImageKey[] keys = Run(next, paths, workers);
        Assert.Equal([10, 10], batches);
        Assert.Equal(Enumerable.Range(0, 30).SelectMany(Expected), Values(next, keys));
    }

    [Fact]
    public void A_missing_picture_is_named()
    {
        string[] paths = [.. Pictures(3), folder.File("missing.jpg")];
        using FeatureCache cache = Open();
        Assert.Contains("missing.jpg", Assert.Throws<InvalidInputException>(() => Run(cache, paths, workers: 2)).Message);
    }

    [Fact]
    public void A_picture_that_changed_gets_new_features()
    {
        string[] paths = Pictures(3);
        using FeatureCache cache = Open();
        ImageKey[] before = Run(cache, paths, workers: 1);
        File.WriteAllBytes(paths[1], [9, 9, 9, 9]);
        ImageKey[] after = Run(cache, paths, workers: 1);
        Assert.Equal((before[0], before[2]), (after[0], after[2]));
        Assert.NotEqual(before[1], after[1]);
        Assert.Equal([36, 81], Values(cache, [after[1]]));
        Assert.Equal(4, processed.Count);
    }

    [Fact]
    public void Cancelling_keeps_what_was_encoded()
    {
        string[] paths = Pictures(40);
        using var cancellation = new CancellationTokenSource();
        using FeatureCache cache = Open();
        Assert.Throws<OperationCanceledException>(() => FeatureExtraction.Run(paths, Process, pixels =>
        {
            if (batches.Count == 1)
                cancellation.Cancel();
            return Encode(pixels);
        }, cache, new FeatureExtractionOptions { BatchSize = 10, Workers = 2 }, cancellation.Token));
        Assert.Equal(20, cache.Count);
        Run(cache, paths, workers: 2);
        Assert.Equal([10, 10, 10, 10], batches);
    }

    [Fact]
    public void Progress_counts_pictures_and_those_encoded()
    {
        string[] paths = Pictures(25);
        using FeatureCache cache = Open();
        Run(cache, paths[..8], workers: 0);
        var reports = new List<FeatureExtractionProgress>();
        var options = new FeatureExtractionOptions { BatchSize = 10, Workers = 0, Progress = new Reports(reports) };
        FeatureExtraction.Run(paths, Process, Encode, cache, options, Token);
        Assert.Equal([new(18, 25, 10), new(25, 25, 17)], reports);
    }

    [Fact]
    public async Task Two_runs_at_once_share_the_work()
    {
        string[] paths = Pictures(60);
        await Task.WhenAll(Enumerable.Range(0, 2).Select(_ => Task.Run(() =>
        {
            using FeatureCache cache = Open();
            ImageKey[] keys = FeatureExtraction.Run(paths, Process, pixels =>
            {
                lock (batches)
                    return Encode(pixels);
            }, cache, new FeatureExtractionOptions { BatchSize = 10, Workers = 1 }, Token);
            Assert.Equal(Enumerable.Range(0, 60).SelectMany(Expected), Values(cache, keys));
        }, Token)));
        Assert.Equal(60, processed.Count);
        Assert.Equal(6, batches.Count);
    }

    [Fact]
    public void A_data_sets_pictures_become_a_store_by_id()
    {
        Pictures(5);
        using FeatureCache cache = Open();
        CachedFeatures store = FeatureExtraction.Run([4L, 2, 4, 0], new Source(folder), Process, Encode, cache,
            new FeatureExtractionOptions { Workers = 1 }, Token);
        Assert.Equal((1, 2), (store.Tokens, store.Width));
        using Tensor read = store.Gather([store.RowOf(0), store.RowOf(4)]);
        Assert.Equal([.. Expected(0), .. Expected(4)], read.data<float>().ToArray());
        Assert.Contains("3", Assert.Throws<InvalidInputException>(() => store.RowOf(3)).Message);
        Assert.Contains("77", Assert.Throws<InvalidInputException>(() =>
            FeatureExtraction.Run([77L], new Source(folder), Process, Encode, cache, cancellation: Token)).Message);
    }

    [Fact]
    public void Pixels_of_different_shapes_and_features_of_a_wrong_shape_are_errors()
    {
        string[] paths = Pictures(2);
        using FeatureCache cache = Open();
        int calls = 0;
        var options = new FeatureExtractionOptions { Workers = 0 };
        Assert.Contains(paths[1], Assert.Throws<ArgumentException>(() =>
            FeatureExtraction.Run(paths, _ => ones(1, 2, ++calls), Encode, cache, options, Token)).Message);
        Assert.Throws<ArgumentException>(() =>
            FeatureExtraction.Run(paths, Process, pixels => ones(pixels.shape[0], 1, 3), cache, options, Token));
        Assert.Equal(0, cache.Count);
    }

    [Fact]
    public void No_tensor_is_left_behind()
    {
        string[] paths = Pictures(30);
        using FeatureCache cache = Open();
        Run(cache, paths[..5], workers: 0);
        long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        Run(cache, paths, workers: 0);
        File.WriteAllBytes(paths[0], [1]);
        Assert.Throws<InvalidInputException>(() => Run(cache, paths, workers: 0));
        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    private FeatureCache Open() => FeatureCache.Open(folder.File("cache"), kind);

    private ImageKey[] Run(FeatureCache cache, string[] paths, int workers) =>
        FeatureExtraction.Run(paths, Process, Encode, cache, new FeatureExtractionOptions { BatchSize = 10, Workers = workers }, Token);

    private string[] Pictures(int count) => [.. Enumerable.Range(0, count).Select(i => folder.Write($"{i}.jpg", Bytes(i)))];

    private static byte[] Bytes(int picture) => [(byte)picture, (byte)(picture + 1), (byte)(picture * 3), 7];

    private static float[] Expected(int picture)
    {
        float[] pixels = [.. Bytes(picture).Select(b => (float)b)];
        return [pixels.Sum(), pixels.Sum(p => p * p) / 4];
    }

    private Tensor Process(ImageFile file)
    {
        if (file.Bytes.Length != 4)
            throw new InvalidInputException("truncated");
        processed.Add(file.Path);
        return tensor(file.Bytes.Select(b => (float)b).ToArray(), [1, 2, 2]);
    }

    private Tensor Encode(Tensor pixels)
    {
        batches.Add(pixels.shape[0]);
        Tensor flat = pixels.flatten(1);
        return stack([flat.sum(1), flat.pow(Scalars.Of(2)).mean([1])], 1).unsqueeze(1);
    }

    private static float[] Values(FeatureCache cache, ImageKey[] keys)
    {
        using Tensor read = cache.Read(keys);
        return MemoryMarshal.Cast<byte, float>(read.bytes).ToArray();
    }

    private sealed class Source(TemporaryFolder folder) : IImageSource
    {
        public string PathOf(long imageId) => File.Exists(folder.File($"{imageId}.jpg"))
            ? folder.File($"{imageId}.jpg")
            : throw new InvalidInputException($"No file of the picture {imageId}.");
    }

    private sealed class Reports(List<FeatureExtractionProgress> list) : IProgress<FeatureExtractionProgress>
    {
        public void Report(FeatureExtractionProgress value) => list.Add(value);
    }
}
