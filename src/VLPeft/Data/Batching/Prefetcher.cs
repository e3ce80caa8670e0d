using TorchSharp;

namespace VLPeft.Data.Batching;

/// <summary>How batches are made ahead of their use.</summary>
public sealed record PrefetchOptions
{
    /// <summary>
    /// Threads that make batches. 0 makes each batch where it is used: right when making one takes far less than a step, as with cached
    /// features and small models, where a thread's hand-over costs more than it gives.
    /// </summary>
    public int Workers { get; init; } = 1;

    /// <summary>Batches made or in the making ahead of the one in use, which bounds memory; raised to the number of workers.</summary>
    public int Capacity { get; init; } = 4;

    /// <summary>
    /// Threads that one tensor operation may use in a worker. At 1, the default, workers don't compete with the model's own operations.
    /// </summary>
    public int TorchThreads { get; init; } = 1;
}

/// <summary>Makes batches in worker threads while the model is at work on earlier ones.</summary>
public static class Prefetcher
{
    /// <summary>
    /// The batches of <paramref name="plans"/> in their order, whatever the number of workers. Work begins when the first one is asked for;
    /// leaving the loop early (or disposing the enumerator) waits for the batches in the making, and disposes them and those not used yet.
    /// </summary>
    /// <remarks>
    /// Dispose scopes belong to a thread. So <paramref name="make"/> runs outside any (with 0 workers too), must dispose its intermediate
    /// tensors (a scope of its own does: move the batch's tensors out of it), and every batch belongs to whoever takes it from the loop:
    /// <code>foreach (Batch next in Prefetcher.Run(plan, Make)) { using Batch batch = next; … }</code>
    /// A tensor made by a worker counts as created in that worker's <c>DisposeScopeManager.Statistics</c> and as disposed in the user's:
    /// look for leaks with <c>Tensor.TotalCount</c>.
    /// </remarks>
    /// <typeparam name="TPlan">What a batch is made from, e.g. the numbers of its examples.</typeparam>
    /// <typeparam name="TBatch">A batch; disposed when not used and disposable.</typeparam>
    /// <param name="plans">Gone through once, by one worker at a time.</param>
    /// <param name="make">
    /// Called by all workers at once; must not depend on the order of calls. What it throws comes out of the loop unchanged, at the place
    /// of its batch: all batches before it are given out first.
    /// </param>
    /// <param name="options">One worker by default.</param>
    /// <exception cref="ArgumentOutOfRangeException">Fewer than 0 workers, or a capacity or number of torch threads below 1.</exception>
    public static IEnumerable<TBatch> Run<TPlan, TBatch>(
        IEnumerable<TPlan> plans, Func<TPlan, TBatch> make, PrefetchOptions? options = null)
    {
        options ??= new PrefetchOptions();
        ArgumentOutOfRangeException.ThrowIfNegative(options.Workers, nameof(options));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Capacity, 1, nameof(options));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.TorchThreads, 1, nameof(options));
        return options.Workers == 0 ? plans.Select(plan => MakeHere(plan, make)) : MakeAhead(plans, make, options);
    }

    private static IEnumerable<TBatch> MakeAhead<TPlan, TBatch>(IEnumerable<TPlan> plans, Func<TPlan, TBatch> make, PrefetchOptions options)
    {
        using var pipeline = new PrefetchPipeline<TPlan, TBatch>(plans.GetEnumerator(), make, options);
        while (pipeline.TryTake(out TBatch? batch))
            yield return batch;
    }

    // As in a worker: what is made belongs to no scope of the loop's thread.
    private static TBatch MakeHere<TPlan, TBatch>(TPlan plan, Func<TPlan, TBatch> make)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        TBatch batch = make(plan);
        scope.Detach(scope.DisposablesView);
        return batch;
    }
}
