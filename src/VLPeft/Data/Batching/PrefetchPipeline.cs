using System.Diagnostics.CodeAnalysis;
using System.Threading.Channels;
using TorchSharp;

namespace VLPeft.Data.Batching;

/// <summary>
/// One run of the <see cref="Prefetcher"/>. Workers take plans in order and queue, still in order, a promise of each batch before they make
/// it; the bounded queue of promises is both the order and the limit of what is made ahead.
/// </summary>
internal sealed class PrefetchPipeline<TPlan, TBatch> : IDisposable
{
    private readonly IEnumerator<TPlan> plans;
    private readonly Func<TPlan, TBatch> make;
    private readonly Channel<TaskCompletionSource<TBatch>> promises;
    private readonly CancellationTokenSource stop = new();
    private readonly Lock taking = new();
    private readonly Thread[] workers;
    private volatile bool finished;

    public PrefetchPipeline(IEnumerator<TPlan> plans, Func<TPlan, TBatch> make, PrefetchOptions options)
    {
        (this.plans, this.make) = (plans, make);
        promises = Channel.CreateBounded<TaskCompletionSource<TBatch>>(
            new BoundedChannelOptions(Math.Max(options.Capacity, options.Workers)) { SingleReader = true });
        // Threads of our own: a pool thread would keep its number of torch threads for whoever gets it next.
        using var ready = new CountdownEvent(options.Workers);
        workers = [.. Enumerable.Range(0, options.Workers).Select(number => new Thread(() => Work(options.TorchThreads, ready))
        {
            IsBackground = true, Name = $"prefetch {number}",
        })];
        // The setting is the thread's own, but also what threads without one will take: put that back.
        int own = torch.get_num_threads();
        foreach (Thread worker in workers)
            worker.Start();
        ready.Wait();
        torch.set_num_threads(own);
    }

    /// <summary>The next batch, waited for; false after the last. Rethrows what its making threw.</summary>
    public bool TryTake([MaybeNullWhen(false)] out TBatch batch)
    {
        ChannelReader<TaskCompletionSource<TBatch>> reader = promises.Reader;
        TaskCompletionSource<TBatch>? promise;
        while (!reader.TryRead(out promise))
        {
            if (!reader.WaitToReadAsync().AsTask().GetAwaiter().GetResult())
            {
                batch = default;
                return false;
            }
        }
        batch = promise.Task.GetAwaiter().GetResult();
        return true;
    }

    private void Work(int torchThreads, CountdownEvent ready)
    {
        // A thread's first operation takes over the number last set by any thread, once: reading it first leaves ours in place.
        torch.get_num_threads();
        torch.set_num_threads(torchThreads);
        ready.Signal();
        while (Next(out TPlan? plan, out TaskCompletionSource<TBatch>? promise))
        {
            try
            {
                promise.SetResult(make(plan));
            }
            catch (Exception e)
            {
                // Not under the lock: its holder may be waiting for room in the queue, and the queue's reader for this promise.
                finished = true;
                promise.SetException(e);
            }
        }
        promises.Writer.TryComplete();
    }

    private bool Next([MaybeNullWhen(false)] out TPlan plan, [NotNullWhen(true)] out TaskCompletionSource<TBatch>? promise)
    {
        (plan, promise) = (default, null);
        lock (taking)
        {
            if (finished || stop.IsCancellationRequested)
                return false;
            var next = new TaskCompletionSource<TBatch>(TaskCreationOptions.RunContinuationsAsynchronously);
            try
            {
                if (!plans.MoveNext())
                {
                    finished = true;
                    return false;
                }
                plan = plans.Current;
            }
            catch (Exception e)
            {
                finished = true;
                next.SetException(e);
                TryQueue(next);
                return false;
            }
            promise = TryQueue(next) ? next : null;
            return promise is not null;
        }
    }

    // Waits for room under the lock: the other workers would have to wait for it as well.
    private bool TryQueue(TaskCompletionSource<TBatch> promise)
    {
        try
        {
            promises.Writer.WriteAsync(promise, stop.Token).AsTask().GetAwaiter().GetResult();
            return true;
        }
        catch (Exception e) when (e is OperationCanceledException or ChannelClosedException)
        {
            finished = true;
            return false;
        }
    }

    public void Dispose()
    {
        stop.Cancel();
        foreach (Thread worker in workers)
            worker.Join();
        // Every promise in the queue was kept by its worker before it ended.
        while (promises.Reader.TryRead(out TaskCompletionSource<TBatch>? promise))
        {
            if (promise.Task.IsCompletedSuccessfully)
                (promise.Task.Result as IDisposable)?.Dispose();
            else
                _ = promise.Task.Exception;                             // seen: not to be reported as unobserved
        }
        plans.Dispose();
        stop.Dispose();
    }
}
