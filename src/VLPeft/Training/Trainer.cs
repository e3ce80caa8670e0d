using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace VLPeft.Training;

/// <summary>
/// Trains any task: steps, schedule, clipping, accumulation, validation, best parameters, early stop, logs, checkpoints. A run that was
/// interrupted or killed at any moment goes on when it is started again with the same folder, and ends with the same bits in weights, best
/// files and metrics log as an undisturbed one (given the same build of libtorch, machine and number of threads).
/// </summary>
public static class Trainer
{
    /// <summary>Runs a task to its end, from the folder's checkpoint if there is one.</summary>
    /// <param name="task">What to train.</param>
    /// <param name="options">The settings; a resume needs the same, except for those of checkpoints and TensorBoard.</param>
    /// <param name="folder">Where the files go; only one run at a time can use it.</param>
    /// <param name="progress">Is told how it goes.</param>
    /// <param name="cancellation">Ends the run after the current step, with a checkpoint.</param>
    /// <returns>How it ended. The model holds the last weights and is in evaluation mode.</returns>
    /// <exception cref="InvalidInputException">A setting is wrong, or the checkpoint belongs to other settings or parameters.</exception>
    /// <exception cref="InvalidOperationException">A trainable parameter has no gradient after the first step's backward.</exception>
    /// <exception cref="TrainingDivergedException">The loss or a weight is not finite.</exception>
    /// <exception cref="IOException">A file can't be written (disk full); the checkpoint before stays.</exception>
    /// <remarks>
    /// Dropout draws from torch's one random generator, so of several runs in parallel threads of one process only those without dropout
    /// are reproducible.
    /// </remarks>
    public static TrainingOutcome Run<TBatch>(ITrainingTask<TBatch> task, TrainerOptions options, RunFolder folder,
        IProgressReporter progress, CancellationToken cancellation = default) =>
        Run(task, options, folder, progress, static _ => { }, cancellation);

    /// <summary>The same, with a call at every moment where a kill would leave other files behind.</summary>
    internal static TrainingOutcome Run<TBatch>(ITrainingTask<TBatch> task, TrainerOptions options, RunFolder folder,
        IProgressReporter progress, Action<string> at, CancellationToken cancellation)
    {
        options.Validate();
        if (task.BatchesPerEpoch < 1)
            throw new InvalidInputException("There is nothing to train on: the task has no batch.");
        using IDisposable taken = folder.Take();
        folder.RemoveLeftovers();
        var parameters = task.TrainableParameters;
        var plan = new TrainingPlan(options, task.BatchesPerEpoch);
        using var optimizer = new FusedAdamW(parameters, options.Optimizer, options.ParameterRules);
        var checkpoint = new TrainingCheckpoint(folder.Checkpoint, parameters, optimizer, plan.Settings, at);
        var best = new BestKeeper(options, folder, parameters, at);
        TrainingState state = checkpoint.Exists ? checkpoint.Load() : Begin(options, folder);
        best.CheckFiles(state);
        using var log = new RunLog(folder, state, options.TensorBoard, at);
        using var run = new TrainingRun<TBatch>(task, options, plan, state, optimizer, checkpoint, best, log, progress, at);
        return run.Execute(cancellation);
    }

    private static TrainingState Begin(TrainerOptions options, RunFolder folder)
    {
        folder.RemoveBestFiles();
        random.manual_seed(options.Seed);
        return new TrainingState();
    }
}
