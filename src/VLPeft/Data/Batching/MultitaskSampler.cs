namespace VLPeft.Data.Batching;

/// <summary>How much of an epoch each task has.</summary>
public enum TaskMixing
{
    /// <summary>Every example of every task once: a task has as many batches as its data fill.</summary>
    Proportional,

    /// <summary>All tasks have as many batches as the smallest; the others see a new part of their data in each epoch.</summary>
    Balanced,
}

/// <summary>A batch of one task.</summary>
/// <param name="Task">The task's place among the sampler's.</param>
/// <param name="Pass">Which pass over the task's data the batch belongs to, from 0: the epoch, when mixing is proportional.</param>
/// <param name="Examples">The numbers of its examples.</param>
public readonly record struct TaskBatch(int Task, int Pass, ReadOnlyMemory<int> Examples);

/// <summary>
/// Orders the batches of several tasks: each batch is of one task, and an epoch is a seeded shuffle of all tasks' batches (method.md §6). Any
/// batch follows from samplers, seed and epoch, so a resumed run begins anywhere at no cost.
/// </summary>
public sealed class MultitaskSampler
{
    private readonly LengthBucketSampler[] _tasks;
    private readonly TaskMixing _mixing;
    private readonly ulong _seed;

    /// <param name="tasks">Each task's own order, at least one.</param>
    /// <param name="mixing">How much of an epoch each has.</param>
    /// <param name="seed">Decides the shuffle.</param>
    public MultitaskSampler(IReadOnlyList<LengthBucketSampler> tasks, TaskMixing mixing, ulong seed)
    {
        ArgumentNullException.ThrowIfNull(tasks);
        ArgumentOutOfRangeException.ThrowIfZero(tasks.Count);
        (_tasks, _mixing, _seed) = ([.. tasks], mixing, seed);
        BatchesPerEpoch = Enumerable.Range(0, _tasks.Length).Sum(BatchesOf);
    }

    /// <summary>Batches in every epoch, of all tasks together.</summary>
    public int BatchesPerEpoch { get; }

    /// <summary>Batches of one task in every epoch.</summary>
    public int BatchesOf(int task) => _mixing == TaskMixing.Proportional ? _tasks[task].BatchesPerEpoch : _tasks.Min(each => each.BatchesPerEpoch);

    /// <summary>The batches of an epoch from number <paramref name="skip"/> on.</summary>
    /// <param name="epoch">From 0.</param>
    /// <param name="skip">Batches to leave out at the start.</param>
    public IEnumerable<TaskBatch> Epoch(int epoch, int skip = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(epoch);
        ArgumentOutOfRangeException.ThrowIfNegative(skip);
        TaskBatch[] batches = [.. Enumerable.Range(0, _tasks.Length).SelectMany(task => BatchesOf(task, epoch))];
        DeterministicRandom.ForStream(_seed, (ulong)epoch, 0x6D756C7469).Shuffle(batches.AsSpan());
        return batches.Skip(skip);
    }

    // One pass after the other, cut where an epoch ends: with proportional mixing an epoch is a pass.
    private IEnumerable<TaskBatch> BatchesOf(int task, int epoch)
    {
        int perEpoch = BatchesOf(task), perPass = _tasks[task].BatchesPerEpoch;
        long first = (long)epoch * perEpoch;
        BatchPlan? plan = null;
        for (int i = 0; i < perEpoch; i++)
        {
            (int pass, int place) = ((int)((first + i) / perPass), (int)((first + i) % perPass));
            if (plan is null || place == 0)
                plan = _tasks[task].Epoch(pass);
            yield return new TaskBatch(task, pass, plan[place]);
        }
    }
}
