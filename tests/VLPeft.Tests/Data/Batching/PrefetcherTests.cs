using System.Diagnostics;
using TorchSharp;
using VLPeft.Data.Batching;
using Xunit;
using static TorchSharp.torch;

namespace VLPeft.Tests.Data.Batching;

public sealed class PrefetcherTests
{
    public PrefetcherTests() => set_num_threads(1);

    public static TheoryData<int, int> Shapes => new() { { 0, 1 }, { 1, 1 }, { 1, 4 }, { 3, 1 }, { 3, 5 } };

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Order_is_that_of_the_plans(int workers, int capacity)
    {
        IEnumerable<int> made = Prefetcher.Run(Enumerable.Range(0, 200), plan =>
        {
            Thread.SpinWait(plan * 7919 % 3000);
            return plan * 2;
        }, Options(workers, capacity));
        Assert.Equal(Enumerable.Range(0, 200).Select(plan => plan * 2), made);
        Assert.Empty(Prefetcher.Run(Array.Empty<int>(), plan => plan, Options(workers, capacity)));
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void An_error_comes_unchanged_after_all_batches_before_it(int workers, int capacity)
    {
        var error = new InvalidInputException("picture 7 is broken");
        var got = new List<int>();
        Exception thrown = Assert.Throws<InvalidInputException>(() =>
        {
            var options = Options(workers, capacity);
            foreach (int batch in Prefetcher.Run(Enumerable.Range(0, 100), plan => plan == 7 ? throw error : plan, options))
                got.Add(batch);
        });
        Assert.Same(error, thrown);
        Assert.Equal(Enumerable.Range(0, 7), got);
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void An_error_of_the_plans_comes_at_its_place(int workers, int capacity)
    {
        static IEnumerable<int> Plans()
        {
            yield return 1;
            yield return 2;
            throw new InvalidInputException("no more");
        }
        var got = new List<int>();
        Assert.Equal("no more", Assert.Throws<InvalidInputException>(() =>
        {
            foreach (int batch in Prefetcher.Run(Plans(), plan => plan, Options(workers, capacity)))
                got.Add(batch);
        }).Message);
        Assert.Equal([1, 2], got);
    }

    [Fact]
    public async Task An_error_comes_through_while_the_queue_is_full()
    {
        CancellationToken token = TestContext.Current.CancellationToken;
        int made = 0;
        Task run = Task.Run(() => Prefetcher.Run(Enumerable.Range(0, 100), plan =>
        {
            Interlocked.Increment(ref made);
            if (plan > 0)
                return plan;
            SpinWait.SpinUntil(() => Volatile.Read(ref made) >= 3);     // the other worker waits for room behind this batch
            Thread.Sleep(30);
            throw new InvalidInputException("late");
        }, Options(2, 3)).Count(), token);
        await Assert.ThrowsAsync<InvalidInputException>(() => run.WaitAsync(TimeSpan.FromSeconds(20), token));
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(1, 3)]
    [InlineData(3, 4)]
    public void No_more_than_the_capacity_is_made_ahead(int workers, int capacity)
    {
        int made = 0;
        using IEnumerator<int> batches = Prefetcher.Run(Enumerable.Range(0, 50), plan =>
        {
            Interlocked.Increment(ref made);
            return plan;
        }, Options(workers, capacity)).GetEnumerator();
        for (int used = 1; used <= 20; used++)
        {
            batches.MoveNext();
            if (used % 5 == 0)
                Thread.Sleep(20);
            Assert.InRange(Volatile.Read(ref made), used, used + capacity);
        }
        SpinWait.SpinUntil(() => Volatile.Read(ref made) == 20 + capacity, TimeSpan.FromSeconds(20));
        Assert.Equal(20 + capacity, Volatile.Read(ref made));
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Leaving_early_stops_the_workers_and_disposes_what_was_not_used(int workers, int capacity)
    {
        var made = new List<Batch>();
        bool plansDisposed = false;
        IEnumerable<int> Plans()
        {
            try
            {
                for (int i = 0; ; i++)
                    yield return i;
            }
            finally
            {
                plansDisposed = true;
            }
        }
        var watch = Stopwatch.StartNew();
        foreach (Batch batch in Prefetcher.Run(Plans(), Make, Options(workers, capacity)))
        {
            if (batch.Plan == 5)
                break;
            batch.Dispose();
        }
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(20));
        Assert.True(plansDisposed);
        Assert.All(made, batch => Assert.Equal(batch.Plan != 5, batch.IsDisposed));
        int count = made.Count;
        Thread.Sleep(30);
        Assert.Equal(count, made.Count);

        Batch Make(int plan)
        {
            var batch = new Batch(plan);
            lock (made)
                made.Add(batch);
            return batch;
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public void Batches_belong_to_no_scope_and_nothing_leaks(int workers)
    {
        var made = new List<Tensor>();
        using (NewDisposeScope())
        {
            foreach (Tensor next in Prefetcher.Run(Enumerable.Range(0, 30), Make, Options(workers, 3)))
                made.Add(next);
        }
        for (int i = 0; i < made.Count; i++)
        {
            Assert.Equal(i * 3, made[i].sum().ToSingle());
            made[i].Dispose();
        }

        static Tensor Make(int plan)
        {
            using var scope = NewDisposeScope();
            return ones(3).mul(Scalars.Of(plan)).MoveToOuterDisposeScope();
        }
    }

    [Fact]
    public void Without_workers_the_threads_statistics_stay_flat()
    {
        Run();
        long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        Run();
        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);

        static void Run()
        {
            foreach (Tensor next in Prefetcher.Run(Enumerable.Range(0, 10), plan => ones(plan + 1), Options(0, 1)))
                next.Dispose();
        }
    }

    [Fact]
    public void Workers_have_their_own_number_of_torch_threads()
    {
        // A thread's first operation takes the number last set by any thread, which may be another test's: not after ours is set.
        get_num_threads();
        set_num_threads(2);
        try
        {
            int[] seen = [.. Prefetcher.Run(Enumerable.Range(0, 6), _ => get_num_threads(), Options(2, 2))];
            Assert.All(seen, threads => Assert.Equal(1, threads));
            Assert.Equal(2, get_num_threads());
        }
        finally
        {
            set_num_threads(1);
        }
    }

    [Fact]
    public void Each_enumeration_is_a_run_of_its_own_and_none_starts_before()
    {
        int made = 0;
        IEnumerable<int> batches = Prefetcher.Run(Enumerable.Range(0, 5), plan =>
        {
            Interlocked.Increment(ref made);
            return plan;
        }, Options(2, 2));
        Assert.Equal(0, made);
        Assert.Equal([0, 1, 2, 3, 4], batches);
        Assert.Equal([0, 1, 2, 3, 4], batches);
        Assert.Equal(10, made);
    }

    [Fact]
    public void Wrong_options_are_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => Prefetcher.Run<int, int>([], p => p, Options(-1, 1)));
        Assert.Throws<ArgumentOutOfRangeException>(() => Prefetcher.Run<int, int>([], p => p, Options(1, 0)));
        Assert.Throws<ArgumentOutOfRangeException>(() => Prefetcher.Run<int, int>([], p => p, new PrefetchOptions { TorchThreads = 0 }));
    }

    private static PrefetchOptions Options(int workers, int capacity) => new() { Workers = workers, Capacity = capacity };

    private sealed class Batch(int plan) : IDisposable
    {
        public int Plan => plan;

        public bool IsDisposed { get; private set; }

        public void Dispose() => IsDisposed = true;
    }
}
