using System.Diagnostics;
using TorchSharp;
using VLPeft.Data.Features;
using Xunit;
using static TorchSharp.torch;
using static VLPeft.Tests.Data.Features.SampleFeatures;

namespace VLPeft.Tests.Data.Features;

public sealed class FeatureCacheSharingTests : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly FeatureKind kind = Kind(2, 3);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public FeatureCacheSharingTests() => set_num_threads(1);

    public void Dispose() => folder.Dispose();

    [Fact]
    public void One_opening_sees_what_another_added_after_a_refresh()
    {
        using FeatureCache first = FeatureCache.Open(folder.Path, kind), second = FeatureCache.Open(folder.Path, kind);
        Add(first, 1, 2);
        Assert.Equal(0, second.Count);
        second.Refresh();
        Assert.Equal([1, 2], Present(second, [1, 2, 3]));
        Add(second, 2, 3);
        Add(first, 3, 4);
        second.Refresh();
        Assert.Equal([1, 2, 3, 4], Present(first, [1, 2, 3, 4]));
        Assert.Equal([1, 2, 3, 4], Present(second, [1, 2, 3, 4]));
        Assert.Equal(4 * CacheIndex.EntryBytes, new FileInfo(Path.Combine(first.Folder, "index.bin")).Length);
    }

    [Fact]
    public async Task The_second_writer_waits_says_so_and_finds_everything()
    {
        using FeatureCache first = FeatureCache.Open(folder.Path, kind);
        IDisposable lease = first.Lease(Token);
        Add(first, 1);
        var told = new TaskCompletionSource<string>();
        using FeatureCache second = FeatureCache.Open(folder.Path, kind, new FeatureCacheOptions { Waiting = told.SetResult });
        Task<bool> waiting = Task.Run(() =>
        {
            using IDisposable mine = second.Lease(Token);
            return second.Contains(Key(2));
        }, Token);
        Assert.Contains("Another process", await told.Task.WaitAsync(TimeSpan.FromSeconds(20), Token));
        Add(first, 2);
        Assert.False(waiting.IsCompleted);
        lease.Dispose();
        Assert.True(await waiting.WaitAsync(TimeSpan.FromSeconds(20), Token));
    }

    [Fact]
    public void Waiting_can_be_cancelled()
    {
        using FeatureCache first = FeatureCache.Open(folder.Path, kind), second = FeatureCache.Open(folder.Path, kind);
        using IDisposable lease = first.Lease(Token);
        using var cancellation = new CancellationTokenSource(50);
        Assert.Throws<OperationCanceledException>(() => second.Lease(cancellation.Token));
    }

    [Fact]
    public void Leases_nest_and_may_be_disposed_twice()
    {
        using FeatureCache first = FeatureCache.Open(folder.Path, kind), second = FeatureCache.Open(folder.Path, kind);
        IDisposable outer = first.Lease(Token), inner = first.Lease(Token);
        inner.Dispose();
        inner.Dispose();
        using var cancellation = new CancellationTokenSource(50);
        Assert.Throws<OperationCanceledException>(() => second.Lease(cancellation.Token));
        outer.Dispose();
        second.Lease(Token).Dispose();
    }

    [Fact]
    public async Task Openings_in_many_threads_build_one_cache()
    {
        Task[] builders = [.. Enumerable.Range(0, 4).Select(worker => Task.Run(() =>
        {
            using FeatureCache cache = FeatureCache.Open(folder.Path, kind);
            for (int i = 0; i < 10; i++)
                Add(cache, [.. Enumerable.Range(i * 5 + worker, 10)]);
        }, Token))];
        await Task.WhenAll(builders);
        using FeatureCache built = FeatureCache.Open(folder.Path, kind);
        int[] all = [.. Enumerable.Range(0, 58)];
        Assert.Equal(all, Present(built, Enumerable.Range(-5, 100)));
        Assert.Equal(58 * CacheIndex.EntryBytes, new FileInfo(Path.Combine(built.Folder, "index.bin")).Length);
        Assert.Empty(built.Verify());
    }

    [Fact]
    public async Task Threads_read_while_one_adds()
    {
        using FeatureCache cache = FeatureCache.Open(folder.Path, kind);
        Add(cache, 0);
        int last = 0;
        using var stop = new CancellationTokenSource();
        Task[] readers = [.. Enumerable.Range(0, 3).Select(_ => Task.Run(() =>
        {
            while (!stop.IsCancellationRequested)
                Present(cache, [Volatile.Read(ref last), Volatile.Read(ref last) / 2]);
        }, Token))];
        using (cache.Lease(Token))
        {
            for (int i = 1; i < 200; i++)
            {
                Add(cache, i);
                Volatile.Write(ref last, i);
            }
        }
        await stop.CancelAsync();
        await Task.WhenAll(readers);
        Assert.Equal(200, cache.Count);
    }

    [Fact]
    public async Task Two_processes_build_one_cache()
    {
        using Process first = CacheChild.Start(folder.Path, CacheChild.Once), second = CacheChild.Start(folder.Path, CacheChild.Once);
        await first.WaitForExitAsync(Token);
        await second.WaitForExitAsync(Token);
        Assert.Equal((0, 0), (first.ExitCode, second.ExitCode));
        using FeatureCache built = FeatureCache.Open(folder.Path, CacheChild.Kind);
        Assert.Equal(Enumerable.Range(0, CacheChild.Pictures), Present(built, Enumerable.Range(0, CacheChild.Pictures + 10)));
        Assert.Equal(CacheChild.Pictures * CacheIndex.EntryBytes, new FileInfo(Path.Combine(built.Folder, "index.bin")).Length);
    }

    [Fact]
    public void A_process_killed_at_any_moment_leaves_a_sound_cache()
    {
        int before = 0;
        for (int round = 0; round < 3; round++)
        {
            using Process child = CacheChild.Start(folder.Path, CacheChild.Forever);
            using FeatureCache cache = FeatureCache.Open(folder.Path, CacheChild.Kind);
            for (var watch = Stopwatch.StartNew(); cache.Count <= before && watch.Elapsed < TimeSpan.FromSeconds(60); cache.Refresh())
                Thread.Sleep(5 + round * 7);
            child.Kill();
            child.WaitForExit();
            using FeatureCache next = FeatureCache.Open(folder.Path, CacheChild.Kind);
            Assert.True(next.Count > before, $"{next.Count} after {before}");
            Assert.Equal(Enumerable.Range(0, next.Count), Present(next, Enumerable.Range(0, next.Count + 1000)));
            before = next.Count;
        }
    }

    [Fact]
    public async Task A_full_disk_is_an_error_and_leaves_a_sound_cache()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "File size limits are set through Linux's setrlimit.");
        using Process child = CacheChild.Start(folder.Path, CacheChild.FullDisk);
        await child.WaitForExitAsync(Token);
        Assert.Equal(0, child.ExitCode);
        using FeatureCache built = FeatureCache.Open(folder.Path, CacheChild.Kind);
        Assert.Equal(Enumerable.Range(0, CacheChild.Pictures), Present(built, Enumerable.Range(0, CacheChild.Pictures)));
        Assert.Empty(built.Verify());
    }
}
