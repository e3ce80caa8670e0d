using System.Collections.Concurrent;

namespace VLPeft.Cli.Workers;

/// <summary>Runs jobs side by side in worker processes; a job that fails, or takes its process with it, does not stop the others.</summary>
internal static class WorkerPool
{
    /// <summary>Runs all jobs.</summary>
    /// <param name="jobs">The jobs, in the order they are started.</param>
    /// <param name="workers">Processes at once.</param>
    /// <param name="progress">Told the share of a job that is done, 0 … 1; called by several threads, one at a time.</param>
    /// <param name="cancellation">Ends the processes; runs go on from their checkpoints the next time.</param>
    /// <returns>What went wrong with each job, null where nothing did.</returns>
    public static async Task<IReadOnlyList<string?>> Run(
        IReadOnlyList<Job> jobs, int workers, Action<int, double> progress, CancellationToken cancellation)
    {
        var waiting = new ConcurrentQueue<int>(Enumerable.Range(0, jobs.Count));
        var errors = new string?[jobs.Count];
        object told = new();
        void Tell(int job, double share)
        {
            lock (told)
                progress(job, share);
        }
        await Task.WhenAll(Enumerable.Range(0, Math.Min(workers, jobs.Count)).Select(_ => Task.Run(Work, cancellation)));
        return errors;

        async Task Work()
        {
            WorkerProcess? worker = null;
            try
            {
                while (waiting.TryDequeue(out int job))
                {
                    if (worker is not { IsAlive: true })
                    {
                        worker?.Dispose();
                        worker = new WorkerProcess();
                    }
                    errors[job] = await worker.Run(jobs[job], what => Tell(job, what.Total == 0 ? 0 : 0.95 * what.Step / what.Total), cancellation);
                    Tell(job, 1);
                }
            }
            finally
            {
                worker?.Dispose();
            }
        }
    }
}
