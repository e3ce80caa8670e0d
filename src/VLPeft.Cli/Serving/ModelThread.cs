using System.Collections.Concurrent;

namespace VLPeft.Cli.Serving;

/// <summary>
/// A model's own thread: whoever asks queues up, one forward runs at a time. A thread rather than a lock, since libtorch keeps a team of helpers for
/// every thread that ever computed.
/// </summary>
internal sealed class ModelThread : IDisposable
{
    private readonly BlockingCollection<Action> _queue = [];
    private readonly Thread _thread;

    public ModelThread(string name)
    {
        _thread = new Thread(Work) { Name = name, IsBackground = true };
        _thread.Start();
    }

    /// <summary>Does some work when its turn comes; who leaves while waiting is not served, and does not wait.</summary>
    /// <exception cref="OperationCanceledException">The asker left, or the program is ending.</exception>
    public async Task<T> Run<T>(Func<T> work, CancellationToken cancellation)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        using CancellationTokenRegistration leaving = cancellation.Register(() => done.TrySetCanceled(cancellation));
        if (!TryQueue(() => Complete(work, done)))
            throw new OperationCanceledException("the program is ending.");
        return await done.Task;
    }

    /// <summary>Ends after the work that is queued.</summary>
    public void Dispose()
    {
        _queue.CompleteAdding();
        _thread.Join();
        _queue.Dispose();
    }

    private bool TryQueue(Action work)
    {
        try
        {
            _queue.Add(work, CancellationToken.None);
            return true;
        }
        catch (InvalidOperationException) // nothing is taken any more
        {
            return false;
        }
    }

    private void Work()
    {
        foreach (Action work in _queue.GetConsumingEnumerable())
            work();
    }

    private static void Complete<T>(Func<T> work, TaskCompletionSource<T> done)
    {
        if (done.Task.IsCompleted)
            return;
        try
        {
            done.TrySetResult(work());
        }
        catch (OperationCanceledException)
        {
            done.TrySetCanceled();
        }
        catch (Exception error)
        {
            done.TrySetException(error);
        }
    }
}
