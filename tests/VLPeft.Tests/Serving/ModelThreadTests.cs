using VLPeft.Cli.Serving;
using Xunit;

namespace VLPeft.Tests.Serving;

/// <summary>A model's thread: one at a time, in turn.</summary>
public sealed class ModelThreadTests
{
    [Fact]
    public async Task Work_is_done_one_at_a_time_in_turn()
    {
        using var thread = new ModelThread("test");
        int running = 0, most = 0;
        List<int> order = [];
        await Task.WhenAll(Enumerable.Range(0, 50).Select(i => thread.Run(
            () =>
            {
                most = Math.Max(most, Interlocked.Increment(ref running));
                Thread.Yield();
                order.Add(i);
                return Interlocked.Decrement(ref running);
            }, CancellationToken.None)));

        Assert.Equal(1, most);
        Assert.Equal(Enumerable.Range(0, 50), order);
    }

    [Fact]
    public async Task Who_leaves_while_waiting_is_not_served_and_does_not_wait()
    {
        using var thread = new ModelThread("test");
        using var gate = new ManualResetEventSlim();
        using var leaving = new CancellationTokenSource();
        bool served = false;
        Task<bool> first = thread.Run(() => gate.Wait(TimeSpan.FromMinutes(1)), CancellationToken.None);
        Task<bool> second = thread.Run(() => served = true, leaving.Token);

        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second);
        Assert.False(first.IsCompleted);
        gate.Set();

        Assert.True(await first);
        Assert.Equal(1, await thread.Run(() => 1, CancellationToken.None));
        Assert.False(served);
    }

    [Fact]
    public async Task What_goes_wrong_reaches_the_asker_and_the_next_is_served()
    {
        using var thread = new ModelThread("test");

        await Assert.ThrowsAsync<InvalidInputException>(() => thread.Run<int>(() => throw new InvalidInputException("no"), CancellationToken.None));

        Assert.Equal(1, await thread.Run(() => 1, CancellationToken.None));
    }

    [Fact]
    public async Task Nothing_is_taken_after_the_end()
    {
        var thread = new ModelThread("test");
        thread.Dispose();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => thread.Run(() => 1, CancellationToken.None));
    }
}
