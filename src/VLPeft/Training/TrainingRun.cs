using System.Diagnostics;
using TorchSharp;
using static TorchSharp.torch;

namespace VLPeft.Training;

/// <summary>One session of a run: from its start or its checkpoint to the end or an interruption.</summary>
internal sealed class TrainingRun<TBatch> : IDisposable
{
    private readonly ITrainingTask<TBatch> task;
    private readonly TrainerOptions options;
    private readonly TrainingPlan plan;
    private readonly TrainingState state;
    private readonly FusedAdamW optimizer;
    private readonly TrainingCheckpoint checkpoint;
    private readonly BestKeeper best;
    private readonly RunLog log;
    private readonly IProgressReporter progress;
    private readonly Action<string> at;
    private readonly BatchSource<TBatch> batches;
    private readonly LossMeter losses;
    private readonly Stopwatch sinceCheckpoint = Stopwatch.StartNew();
    private long savedStep;

    public TrainingRun(ITrainingTask<TBatch> task, TrainerOptions options, TrainingPlan plan, TrainingState state, FusedAdamW optimizer,
        TrainingCheckpoint checkpoint, BestKeeper best, RunLog log, IProgressReporter progress, Action<string> at)
    {
        (this.task, this.options, this.plan, this.state, this.optimizer) = (task, options, plan, state, optimizer);
        (this.checkpoint, this.best, this.log, this.progress, this.at) = (checkpoint, best, log, progress, at);
        (int epoch, int batch) = plan.PositionAfter(state.Step);
        batches = new BatchSource<TBatch>(task, epoch, batch);
        losses = new LossMeter(window: optimizer.Device.type == DeviceType.CPU ? 1 : options.LogEvery)
        {
            Sum = state.LossSum,
            Examples = state.LossExamples,
        };
        savedStep = state.Step;
    }

    public TrainingOutcome Execute(CancellationToken cancellation)
    {
        progress.Started(plan.TotalSteps, state.Step);
        task.Train();
        TrainingStatus status = state.Ended ?? Loop(cancellation);
        task.Eval();
        var outcome = new TrainingOutcome(status, state.Step, plan.TotalSteps, new Dictionary<string, BestValue>(state.Best));
        progress.Finished(outcome);
        return outcome;
    }

    public void Dispose()
    {
        batches.Dispose();
        losses.Dispose();
    }

    private TrainingStatus Loop(CancellationToken cancellation)
    {
        while (true)
        {
            if (state.ValidationPending && (cancellation.IsCancellationRequested || !Validate(cancellation)))
                return Interrupt();
            if (state.Step >= plan.TotalSteps)
                return End(TrainingStatus.Completed);
            if (best.ShouldStop(state))
                return End(TrainingStatus.EarlyStopped);
            if (cancellation.IsCancellationRequested)
                return Interrupt();
            if (CheckpointIsDue())
                SaveCheckpoint();
            Step();
        }
    }

    private TrainingStatus End(TrainingStatus status)
    {
        state.Ended = status;
        SaveCheckpoint();
        return status;
    }

    private TrainingStatus Interrupt()
    {
        SaveCheckpoint();
        return TrainingStatus.Interrupted;
    }

    private void Step()
    {
        using var scope = NewDisposeScope();
        double learningRate = LearningRateAfter(state.Step);
        long number = state.Step + 1;
        bool atEnd = number == plan.TotalSteps;
        bool logIsDue = number % options.LogEvery == 0 || atEnd;
        int examples = Backward(number, learningRate);
        Tensor? norm = options.ClipNorm is { } limit ? optimizer.ClipGradientNorm(limit) : logIsDue ? optimizer.GradientNorm() : null;
        optimizer.Step(learningRate);
        state.Step = number;
        state.ValidationPending = options.Validation.IsDue(number, plan.StepsPerEpoch) || (atEnd && options.Validation != Cadence.Never);
        at("step");
        log.Count(examples);
        if (logIsDue)
            log.Write(new MetricsEntry(number, plan.EpochsAfter(number), losses.TakeMean(), learningRate, norm!.ToDouble()));
        progress.Step(new StepReport(number, losses.Latest, learningRate, examples));
    }

    /// <summary>Gradients of one step, accumulated over its batches.</summary>
    /// <returns>The number of examples.</returns>
    private int Backward(long step, double learningRate)
    {
        optimizer.ZeroGradients();
        if (options.Accumulation == 1)
            return BackwardOne(step, learningRate, weighted: false);
        int examples = 0, count = 0;
        do
            examples += BackwardOne(step, learningRate, weighted: true);
        while (++count < options.Accumulation && !batches.AtEpochStart);
        optimizer.ScaleGradients(1.0 / examples);
        return examples;
    }

    private int BackwardOne(long step, double learningRate, bool weighted)
    {
        using var scope = NewDisposeScope();
        TBatch batch = batches.Next();
        using var owned = batch as IDisposable;
        int examples = task.Examples(batch);
        Tensor loss = task.Loss(batch);
        if (loss.NumberOfElements != 1 || !loss.requires_grad)
            throw new InvalidOperationException("The task's loss must be one number that depends on trainable parameters, but has the " +
                $"shape [{string.Join(", ", loss.shape)}] and {(loss.requires_grad ? "a" : "no")} gradient.");
        losses.Add(loss, examples, step, learningRate);
        (weighted ? loss.mul(Scalars.Of(examples)) : loss).backward();
        return examples;
    }

    /// <returns>False when cancelled: the validation is still to be done.</returns>
    private bool Validate(CancellationToken cancellation)
    {
        losses.Read();
        log.Pause();
        try
        {
            EvaluationResult result = Evaluate(cancellation);
            IReadOnlyList<string> improved = best.Update(result, state);
            log.Write(new MetricsEntry(state.Step, plan.EpochsAfter(state.Step),
                Validation: result.Metrics.ToDictionary(metric => metric.Name, metric => metric.Value)));
            state.ValidationPending = false;
            progress.Validated(state.Step, result, improved);
            return true;
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            return false;
        }
        finally
        {
            log.Resume();
        }
    }

    private EvaluationResult Evaluate(CancellationToken cancellation)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        Tensor random = get_rng_state();
        task.Eval();
        try
        {
            return task.Validate(cancellation);
        }
        finally
        {
            set_rng_state(random);                                      // validation leaves training's dropout as it was
            task.Train();
        }
    }

    private bool CheckpointIsDue() => state.Step != savedStep
        && (state.Step % (options.CheckpointSteps ?? long.MaxValue) == 0 || sinceCheckpoint.Elapsed >= options.CheckpointInterval);

    private void SaveCheckpoint()
    {
        losses.Read();
        if (!optimizer.ParametersAreFinite())
            throw new TrainingDivergedException("a trained parameter is not finite", state.Step, LearningRateAfter(state.Step - 1));
        log.Pause();
        log.FlushToDisk();                                              // before the checkpoint that speaks of its length
        state.LogLength = log.Length;
        (state.LossSum, state.LossExamples) = (losses.Sum, losses.Examples);
        (state.Epoch, state.Batch) = plan.PositionAfter(state.Step);
        checkpoint.Save(state);
        savedStep = state.Step;
        sinceCheckpoint.Restart();
        log.Resume();
    }

    private double LearningRateAfter(long completed) => options.LearningRate * plan.Schedule.Factor(completed);
}
