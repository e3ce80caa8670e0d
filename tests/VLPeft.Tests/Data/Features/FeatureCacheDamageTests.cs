using TorchSharp;
using VLPeft.Data.Features;
using Xunit;
using static TorchSharp.torch;
using static VLPeft.Tests.Data.Features.SampleFeatures;

namespace VLPeft.Tests.Data.Features;

/// <summary>Whatever happens to the files, no wrong number is ever read and the next run goes on from what is whole.</summary>
public sealed class FeatureCacheDamageTests : IDisposable
{
    private static readonly int[] Pictures = [1, 2, 3, 4, 5];
    private readonly TemporaryFolder folder = new();
    private readonly FeatureKind kind = Kind(2, 3);

    public FeatureCacheDamageTests()
    {
        set_num_threads(1);
        using FeatureCache cache = FeatureCache.Open(folder.Path, kind);
        Add(cache, Pictures);
    }

    private string Data => folder.File($"{kind.FolderName}/features.bin");

    private string Index => folder.File($"{kind.FolderName}/index.bin");

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Data_cut_at_any_byte()
    {
        byte[] whole = File.ReadAllBytes(Data), index = File.ReadAllBytes(Index);
        int header = whole.Length - Pictures.Length * (int)kind.BytesPerImage;
        for (int length = header; length < whole.Length; length++)
        {
            File.WriteAllBytes(Data, whole[..length]);
            File.WriteAllBytes(Index, index);
            GoesOn((length - header) / (int)kind.BytesPerImage);
        }
    }

    [Fact]
    public void Index_cut_at_any_byte()
    {
        byte[] whole = File.ReadAllBytes(Index);
        for (int length = 0; length < whole.Length; length++)
        {
            File.WriteAllBytes(Index, whole[..length]);
            GoesOn(length / CacheIndex.EntryBytes);
        }
    }

    [Fact]
    public void Index_missing()
    {
        File.Delete(Index);
        GoesOn(0);
    }

    [Fact]
    public void Garbage_at_the_end_of_both_files()
    {
        byte[] garbage = new byte[100];
        new Random(1).NextBytes(garbage);
        File.AppendAllBytes(Data, garbage);
        File.AppendAllBytes(Index, garbage);
        GoesOn(Pictures.Length);
    }

    [Fact]
    public void A_header_cut_or_changed_at_any_of_its_bytes_is_refused()
    {
        byte[] whole = File.ReadAllBytes(Data);
        int json = BitConverter.ToInt32(whole, 12), end = 40 + json;
        for (int i = 0; i < end; i++)
        {
            File.WriteAllBytes(Data, whole[..i]);
            Assert.Throws<InvalidInputException>(() => FeatureCache.Open(folder.Path, kind));
        }
        for (int i = 0; i < end; i++)
        {
            byte[] changed = [.. whole];
            changed[i] ^= 0x55;
            File.WriteAllBytes(Data, changed);
            try
            {
                // The id of the file (24 to 39) only decides which index belongs to it: then nothing is there.
                using FeatureCache cache = FeatureCache.Open(folder.Path, kind);
                Assert.True(i is >= 8 and < 12 or >= 24 and < 40, $"byte {i}");
                Assert.Empty(cache.Missing([]));
            }
            catch (InvalidInputException e)
            {
                Assert.Contains("Delete its folder", e.Message);
            }
        }
    }

    [Fact]
    public void A_changed_byte_of_a_row_is_noticed_and_the_row_made_anew()
    {
        byte[] whole = File.ReadAllBytes(Data);
        int header = whole.Length - Pictures.Length * (int)kind.BytesPerImage;
        for (int i = header; i < whole.Length; i++)
        {
            byte[] changed = [.. whole];
            changed[i] ^= 1;
            File.WriteAllBytes(Data, changed);
            int hurt = Pictures[(i - header) / (int)kind.BytesPerImage];
            using FeatureCache cache = FeatureCache.Open(folder.Path, kind);
            string message = Assert.Throws<InvalidInputException>(() => cache.Read([Key(hurt)])).Message;
            Assert.Contains("damaged", message);
            Assert.Equal(Pictures.Where(p => p != hurt), Present(cache, Pictures.Where(p => p != hurt)));
            Assert.Equal([Key(hurt)], cache.Verify());
            Assert.Equal([Key(hurt)], cache.Missing(Keys(Pictures)));
        }
        using (FeatureCache cache = FeatureCache.Open(folder.Path, kind))
        {
            cache.Verify();
            Add(cache, Pictures);
        }
        using FeatureCache reopened = FeatureCache.Open(folder.Path, kind);
        Assert.Equal(Pictures, Present(reopened, Pictures));
        Assert.Empty(reopened.Verify());
    }

    [Fact]
    public void A_changed_byte_of_the_index_loses_that_row_only()
    {
        byte[] whole = File.ReadAllBytes(Index);
        for (int i = 0; i < whole.Length; i++)
        {
            byte[] changed = [.. whole];
            changed[i] ^= 0x80;
            File.WriteAllBytes(Index, changed);
            int hurt = Pictures[i / CacheIndex.EntryBytes];
            using FeatureCache cache = FeatureCache.Open(folder.Path, kind);
            Assert.Equal(Pictures.Where(p => p != hurt), Present(cache, Pictures));
        }
    }

    [Fact]
    public void An_index_of_another_data_file_does_not_count()
    {
        byte[] index = File.ReadAllBytes(Index);
        Directory.Delete(folder.File(kind.FolderName), recursive: true);
        using (FeatureCache cache = FeatureCache.Open(folder.Path, kind))
            Add(cache, [5, 4, 3, 2, 1]);
        File.WriteAllBytes(Index, index);
        GoesOn(0);
    }

    [Fact]
    public void Killed_between_row_and_index_entry()
    {
        using FeatureCache cache = FeatureCache.Open(folder.Path, kind, new FeatureCacheOptions { CommitInterval = TimeSpan.FromHours(1) });
        using IDisposable lease = cache.Lease(TestContext.Current.CancellationToken);
        Add(cache, 6, 7);
        Assert.Equal([6, 7], Present(cache, [6, 7]));
        using TemporaryFolder killed = folder.Snapshot();
        using FeatureCache next = FeatureCache.Open(killed.Path, kind);
        Assert.Equal(Pictures, Present(next, Enumerable.Range(0, 10)));
        Add(next, 8);
        Assert.Equal([.. Pictures, 8], Present(next, Enumerable.Range(0, 10)));
    }

    [Fact]
    public void Entries_left_over_beyond_the_data_never_meet_new_rows()
    {
        using (FileStream file = File.OpenWrite(Data))
            file.SetLength(file.Length - 3 * kind.BytesPerImage);
        using FeatureCache cache = FeatureCache.Open(folder.Path, kind, new FeatureCacheOptions { CommitInterval = TimeSpan.FromHours(1) });
        using IDisposable lease = cache.Lease(TestContext.Current.CancellationToken);
        Add(cache, 6, 7, 8);
        using TemporaryFolder killed = folder.Snapshot();
        using FeatureCache next = FeatureCache.Open(killed.Path, kind);
        Assert.Equal([1, 2], Present(next, Enumerable.Range(0, 10)));
        Assert.Empty(next.Verify());
    }

    [Fact]
    public void A_killed_process_leaves_no_lock()
    {
        // The lock is the operating system's, not the file's existence.
        File.WriteAllText(folder.File($"{kind.FolderName}/lock"), "left over");
        GoesOn(Pictures.Length);
    }

    private void GoesOn(int whole)
    {
        using (FeatureCache cache = FeatureCache.Open(folder.Path, kind))
        {
            Assert.Equal(Pictures[..whole], Present(cache, Pictures));
            Add(cache, Pictures);
            Assert.Equal(Pictures, Present(cache, Pictures));
        }
        using FeatureCache reopened = FeatureCache.Open(folder.Path, kind);
        Assert.Equal(Pictures, Present(reopened, Pictures));
        Assert.Empty(reopened.Verify());
    }
}
