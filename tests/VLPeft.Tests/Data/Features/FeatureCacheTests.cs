using TorchSharp;
using VLPeft.Data.Features;
using Xunit;
using static TorchSharp.torch;
using static VLPeft.Tests.Data.Features.SampleFeatures;

namespace VLPeft.Tests.Data.Features;

public sealed class FeatureCacheTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public FeatureCacheTests() => set_num_threads(1);

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_new_cache_is_empty_and_makes_no_files()
    {
        using FeatureCache cache = FeatureCache.Open(folder.File("none/yet"), Kind());
        Assert.Equal(0, cache.Count);
        Assert.False(cache.Contains(Key(1)));
        Assert.Empty(cache.Verify());
        using Tensor none = cache.Gather([]);
        Assert.Equal([0, 1, 3], none.shape);
        Assert.Empty(Directory.GetFileSystemEntries(folder.Path));
    }

    [Theory]
    [InlineData(1, 5)]
    [InlineData(4, 3)]
    public void Float32_features_come_back_bit_for_bit_and_survive_reopening(long tokens, long width)
    {
        FeatureKind kind = Kind(tokens, width);
        using Tensor features = randn(20, tokens, width);
        features[3, 0, 0] = float.Epsilon;
        features[4, 0, 0] = -0f;
        ImageKey[] keys = Keys(Enumerable.Range(0, 20));
        using (FeatureCache cache = FeatureCache.Open(folder.Path, kind))
        {
            cache.Add(keys.AsSpan(0, 7), features[..7]);
            cache.Add(keys.AsSpan(7), features[7..]);
            using Tensor read = cache.Read(keys);
            Assert.Equal(features.bytes, read.bytes);
        }
        using FeatureCache reopened = FeatureCache.Open(folder.Path, kind);
        Assert.Equal(20, reopened.Count);
        using Tensor again = reopened.Read(keys);
        Assert.Equal(features.bytes, again.bytes);
        Assert.Equal(ScalarType.Float32, again.dtype);
    }

    [Theory]
    [InlineData(FeatureStorage.Float16)]
    [InlineData(FeatureStorage.BFloat16)]
    public void Two_byte_storage_gives_torchs_own_rounding(FeatureStorage storage)
    {
        using Tensor features = randn(6, 4, 3);
        using Tensor expected = features.to(storage.TorchType()).to(ScalarType.Float32);
        ImageKey[] keys = Keys(Enumerable.Range(0, 6));
        using FeatureCache cache = FeatureCache.Open(folder.Path, Kind(4, 3, storage));
        cache.Add(keys, features);
        using Tensor read = cache.Read(keys);
        Assert.Equal(expected.bytes, read.bytes);
        Assert.Equal(4 * 3 * 2, cache.Kind.BytesPerImage);
    }

    [Fact]
    public void Gather_takes_rows_in_any_order_and_repeatedly()
    {
        using FeatureCache cache = FeatureCache.Open(folder.Path, Kind(2, 3));
        Add(cache, 10, 11, 12, 13);
        int[] rows = cache.Resolve(Keys([13, 10, 13]));
        using Tensor read = cache.Gather(rows);
        Assert.Equal([.. Values(13, cache.Kind), .. Values(10, cache.Kind), .. Values(13, cache.Kind)], read.data<float>().ToArray());
    }

    [Fact]
    public void The_same_picture_is_stored_once()
    {
        using FeatureCache cache = FeatureCache.Open(folder.Path, Kind());
        Add(cache, 1, 2, 1);
        Add(cache, 2, 3);
        Assert.Equal(3, cache.Count);
        long length = new FileInfo(Path.Combine(cache.Folder, "index.bin")).Length;
        Assert.Equal(3 * CacheIndex.EntryBytes, length);
        Assert.Equal([1, 2, 3], Present(cache, [1, 2, 3]));
    }

    [Fact]
    public void Missing_lists_each_absent_picture_once_in_order()
    {
        using FeatureCache cache = FeatureCache.Open(folder.Path, Kind());
        Add(cache, 2, 4);
        Assert.Equal(Keys([5, 1]), cache.Missing(Keys([5, 2, 1, 5, 4])));
    }

    [Fact]
    public void Any_float_type_and_layout_is_taken()
    {
        using FeatureCache cache = FeatureCache.Open(folder.Path, Kind());
        using Tensor values = tensor(new double[,] { { 1, 2 }, { 3, 4 }, { 5, 6 } }).t().requires_grad_();
        cache.Add(Keys([1, 2]), values);
        Assert.Equal([1, 3, 5, 2, 4, 6], Read(cache, 1, 2));
    }

    [Fact]
    public void Another_encoder_gets_another_folder()
    {
        FeatureKind first = Kind();
        FeatureKind[] others =
        [
            Kind(weights: "w2"), first with { Configuration = "{\"heads\": 8}" }, first with { Preprocessing = "224 bicubic" },
            first with { Kept = "mean" }, first with { Width = 4 }, first with { Tokens = 2 },
            first with { Storage = FeatureStorage.Float16 },
            first with { Weights = "w1{", Configuration = "\"heads\": 4}" },
        ];
        string[] folders = [.. others.Append(first).Select(kind => kind.FolderName)];
        Assert.Equal(folders.Length, folders.Distinct().Count());
        Assert.Equal(first.FolderName, Kind().FolderName);
        using FeatureCache cache = FeatureCache.Open(folder.Path, first);
        Add(cache, 1);
        using FeatureCache other = FeatureCache.Open(folder.Path, others[0]);
        Assert.False(other.Contains(Key(1)));
    }

    [Fact]
    public void A_cache_from_another_encoder_is_refused_with_both_fingerprints()
    {
        FeatureKind ours = Kind(weights: "ours"), theirs = Kind(weights: "theirs", width: 5);
        using (FeatureCache cache = FeatureCache.Open(folder.Path, theirs))
            Add(cache, 1);
        Directory.Move(folder.File(theirs.FolderName), folder.File(ours.FolderName));
        string message = Assert.Throws<InvalidInputException>(() => FeatureCache.Open(folder.Path, ours)).Message;
        Assert.Contains("a cache from another encoder", message);
        Assert.Contains(ours.Fingerprint, message);
        Assert.Contains(theirs.Fingerprint, message);
        Assert.Contains("weights ('ours' against 'theirs'), shape ('1x3' against '1x5')", message);
    }

    [Fact]
    public void Numbers_that_the_storage_cannot_hold_are_refused()
    {
        using FeatureCache cache = FeatureCache.Open(folder.Path, Kind(storage: FeatureStorage.Float16));
        using Tensor large = tensor(new float[,] { { 1, 2, 3 }, { 4, 70_000, 6 } });
        string message = Assert.Throws<InvalidInputException>(() => cache.Add(Keys([1, 2]), large)).Message;
        Assert.Contains(Key(2).ToString(), message);
        Assert.Contains("Float16", message);
        using FeatureCache exact = FeatureCache.Open(folder.Path, Kind());
        using Tensor nan = tensor(new float[,] { { 1, float.NaN, 3 } });
        Assert.Throws<InvalidInputException>(() => exact.Add(Keys([1]), nan));
        Assert.Equal(0, exact.Count + cache.Count);
    }

    [Fact]
    public void Wrong_shapes_rows_and_keys_are_refused()
    {
        using FeatureCache cache = FeatureCache.Open(folder.Path, Kind(2, 3));
        Add(cache, 1);
        Assert.Throws<ArgumentException>(() => cache.Add(Keys([2]), ones(1, 3, 2)));
        Assert.Throws<ArgumentException>(() => cache.Add(Keys([2]), ones(1, 6)));
        Assert.Throws<ArgumentException>(() => cache.Add(Keys([2, 3]), ones(1, 2, 3)));
        Assert.Throws<ArgumentOutOfRangeException>(() => cache.Gather([1]));
        Assert.Throws<ArgumentOutOfRangeException>(() => cache.Gather([0, -1]));
        Assert.Contains(Key(9).ToString(), Assert.Throws<KeyNotFoundException>(() => cache.Read(Keys([9]))).Message);
        cache.Dispose();
        Assert.Throws<ObjectDisposedException>(() => cache.Gather([0]));
        Assert.Throws<ObjectDisposedException>(() => Add(cache, 2));
    }

    [Fact]
    public void The_size_limit_is_an_error_and_leaves_what_was_there()
    {
        FeatureKind kind = Kind();
        var options = new FeatureCacheOptions { MaxBytes = 4096 + 3 * kind.BytesPerImage };
        using (FeatureCache cache = FeatureCache.Open(folder.Path, kind, options))
        {
            Add(cache, 1, 2);
            string message = Assert.Throws<InvalidInputException>(() => Add(cache, 3, 4)).Message;
            Assert.Contains("would outgrow its limit", message);
            Add(cache, 3);
        }
        using FeatureCache reopened = FeatureCache.Open(folder.Path, kind);
        Assert.Equal([1, 2, 3], Present(reopened, [1, 2, 3, 4]));
    }

    [Fact]
    public void Reading_needs_no_right_to_write()
    {
        using (FeatureCache cache = FeatureCache.Open(folder.Path, Kind()))
            Add(cache, 1, 2);
        string[] files = Directory.GetFiles(folder.Path, "*", SearchOption.AllDirectories);
        foreach (string file in files)
            File.SetAttributes(file, FileAttributes.ReadOnly);
        using FeatureCache readOnly = FeatureCache.Open(folder.Path, Kind());
        Assert.Equal([1, 2], Present(readOnly, [1, 2]));
    }

    [Fact]
    public void No_tensor_is_left_behind()
    {
        using FeatureCache cache = FeatureCache.Open(folder.Path, Kind(storage: FeatureStorage.BFloat16));
        Add(cache, 1, 2);
        long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        for (int i = 0; i < 10; i++)
        {
            Add(cache, 10 + i);
            cache.Read(Keys([1, 2])).Dispose();
            Assert.Throws<ArgumentOutOfRangeException>(() => cache.Gather([1000]));
        }
        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }
}
