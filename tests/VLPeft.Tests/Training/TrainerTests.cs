using TorchSharp;
using VLPeft.Checkpoints;
using VLPeft.Training;
using Xunit;
using static TorchSharp.torch;

namespace VLPeft.Tests.Training;

[Collection(Alone.Name)]
public sealed class TrainerTests : IDisposable
{
    private static readonly TrainerOptions Options = new()
    {
        Epochs = 4,
        LearningRate = 0.02,
        LogEvery = 3,
        Validation = Cadence.Epochs(1),
        Schedule = new ScheduleOptions(ScheduleShape.Linear, Warmup.Fraction(0.1)),
        TensorBoard = false,
    };

    private readonly TemporaryFolder temporary = new();

    private RunFolder Folder => new(temporary["run"]);

    public void Dispose() => temporary.Dispose();

    private TrainingOutcome Train(ToyTask task, TrainerOptions options, IProgressReporter? progress = null, string folder = "run") =>
        Trainer.Run(task, options, new RunFolder(temporary[folder]), progress ?? NullProgress.Instance,
            TestContext.Current.CancellationToken);

    [Fact]
    public void A_run_trains_logs_validates_and_reports()
    {
        using var task = new ToyTask();                                 // 20 examples, 5 batches
        var progress = new RecordingProgress();

        TrainingOutcome outcome = Train(task, Options, progress);

        Assert.Equal((TrainingStatus.Completed, 20, 20), (outcome.Status, outcome.Steps, outcome.TotalSteps));
        Assert.False(task.IsTraining);
        MetricsEntry[] log = [.. MetricsLog.Read(Folder.Metrics)];
        MetricsEntry[] training = [.. log.Where(entry => entry.Loss is not null)];
        MetricsEntry[] validation = [.. log.Where(entry => entry.Validation is not null)];
        Assert.Equal([3, 6, 9, 12, 15, 18, 20], training.Select(entry => entry.Step));
        Assert.Equal([5, 10, 15, 20], validation.Select(entry => entry.Step));
        Assert.Equal([1, 2, 3, 4], validation.Select(entry => entry.Epoch));
        Assert.True(validation[^1].Validation!["loss"] < validation[0].Validation!["loss"]);
        Assert.Equal(Enumerable.Range(1, 20).Select(i => (long)i), progress.Steps.Select(step => step.Number));
        Assert.All(progress.Steps, step => Assert.Equal(4, step.Examples));
        Assert.Equal(0, progress.Steps[0].LearningRate);
        Assert.Equal(0.02, progress.Steps[2].LearningRate, 1e-12);
        Assert.Equal(progress.Steps.Take(3).Average(step => step.Loss), training[0].Loss!.Value, 1e-12);
        Assert.Equal(training[1].Lr, progress.Steps[5].LearningRate);
        Assert.All(training, entry => Assert.True(entry.GradNorm > 0));
        Assert.Equal("started 20 0", progress.Events[0]);
        Assert.Equal("validated 5 [loss,accuracy]", progress.Events[1]);
        Assert.Equal("finished Completed 20", progress.Events[^1]);
        Assert.DoesNotContain("second", File.ReadAllText(Folder.Metrics), StringComparison.Ordinal);
        Assert.Contains("examples_per_second", File.ReadAllText(Folder.Timing), StringComparison.Ordinal);
        Assert.Equal(4, task.Seen.Chunk(5).Select(epoch => string.Join(",", epoch.SelectMany(batch => batch))).Distinct().Count());
    }

    [Fact]
    public void A_step_is_adamw_on_the_loss_of_the_batch()
    {
        using var scope = NewDisposeScope();
        using ToyTask task = new(dropout: 0), same = new(dropout: 0);
        TrainerOptions options = Options with { Steps = 7, ClipNorm = 0.3, ParameterRules = [new("second", 3)] };
        Train(task, options);

        using var optimizer = new FusedAdamW(same.TrainableParameters, options.Optimizer, options.ParameterRules);
        LearningRateSchedule schedule = options.Schedule.For(7);
        same.Train();
        for (int step = 0; step < 7; step++)
        {
            optimizer.ZeroGradients();
            same.Loss(same.Batches(step / 5, step % 5).First()).backward();
            optimizer.ClipGradientNorm(0.3);
            optimizer.Step(0.02 * schedule.Factor(step));
        }
        Assert.Equal(same.Weights(), task.Weights());
    }

    [Fact]
    public void Accumulation_equals_the_big_batch()
    {
        // 22 examples: batches of 3 in fours (4+4 batches, the last of 1) against batches of 12 (12 and 10).
        using ToyTask small = new(examples: 22, batchSize: 3, dropout: 0), big = new(examples: 22, batchSize: 12, dropout: 0);
        var progress = new RecordingProgress();
        Train(small, Options with { Accumulation = 4, ClipNorm = 0.2 }, progress, "small");
        Train(big, Options with { ClipNorm = 0.2 }, folder: "big");

        Assert.Equal([12, 10, 12, 10, 12, 10, 12, 10], progress.Steps.Select(step => step.Examples));
        foreach ((double expected, double actual) in big.Weights().Zip(small.Weights()))
            Assert.Equal(expected, actual, 1e-5);
        foreach ((MetricsEntry a, MetricsEntry b) in Log("big").Zip(Log("small")))
        {
            Assert.Equal(a.Step, b.Step);
            if (a.Loss is { } loss)
            {
                Assert.Equal(loss, b.Loss!.Value, 1e-5);
                Assert.Equal(a.GradNorm!.Value, b.GradNorm!.Value, 1e-4);
            }
        }

        IEnumerable<MetricsEntry> Log(string folder) => MetricsLog.Read(temporary[$"{folder}/metrics.jsonl"]);
    }

    [Fact]
    public void Steps_or_epochs_end_the_run_whichever_is_shorter()
    {
        Assert.Equal(3, Steps(Options with { Steps = 3 }));
        Assert.Equal(20, Steps(Options with { Steps = 50 }));
        Assert.Equal(7, Steps(Options with { Steps = 7, Epochs = null }));

        long Steps(TrainerOptions options)
        {
            using var task = new ToyTask();
            return Train(task, options, folder: Guid.NewGuid().ToString()).Steps;
        }
    }

    [Fact]
    public void The_best_parameters_by_each_metric_are_kept()
    {
        using var task = new ToyTask();
        var weights = new List<double[]>();
        double[] losses = [0.5, double.NaN, 0.3, 0.4], accuracies = [0.1, 0.7, 0.7, 0.6];
        task.OnValidate = count =>
        {
            weights.Add(task.Weights());
            return new EvaluationResult(EvaluationResult.Loss(losses[count - 1]), EvaluationResult.Accuracy(accuracies[count - 1]));
        };
        TrainingOutcome outcome = Train(task, Options);

        Assert.Equal(new BestValue(0.3, 15), outcome.Best["loss"]);
        Assert.Equal(new BestValue(0.7, 10), outcome.Best["accuracy"]);
        using var other = new ToyTask();
        TrainedParameters.Load(Folder.Best("loss"), other.TrainableParameters);
        Assert.Equal(weights[2], other.Weights());
        TrainedParameters.Load(Folder.Best("accuracy"), other.TrainableParameters);
        Assert.Equal(weights[1], other.Weights());
        TrainedParameters.Load(Folder.Checkpoint, other.TrainableParameters);
        Assert.Equal(weights[3], other.Weights());
        using SafetensorsFile file = SafetensorsFile.Open(Folder.Best("loss"));
        Assert.Equal(("15", "0.3"), (file.Metadata["step"], file.Metadata["value"]));

        using var wider = new ToyTask(hidden: 8);
        var error = Assert.Throws<InvalidInputException>(() => TrainedParameters.Load(Folder.Best("loss"), wider.TrainableParameters));
        Assert.Contains("first.weight is Float32 [5, 6] there, Float32 [8, 6] here", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Only_the_wanted_metrics_that_are_reported_are_kept()
    {
        using var task = new ToyTask { OnValidate = _ => new EvaluationResult(new Metric("f1", 1, MetricDirection.HigherIsBetter)) };
        TrainingOutcome outcome = Train(task, Options with { KeepBest = ["f1", "loss"] });
        Assert.Equal(["f1"], outcome.Best.Keys);
        Assert.Equal(["best-f1.safetensors"], Directory.GetFiles(Folder.Path, "best-*").Select(Path.GetFileName));
    }

    [Theory]
    [InlineData(0, 20)]         // improves at 1 and 2, then never: stops after the 5th validation
    [InlineData(0.2, 16)]       // the second is too small an improvement
    public void Stops_when_validation_no_longer_improves(double minimum, long steps)
    {
        double[] losses = [0.5, 0.4, 0.45, 0.45, 0.45];
        using var task = new ToyTask { OnValidate = count => new EvaluationResult(EvaluationResult.Loss(losses[count - 1])) };
        var early = new EarlyStopping("loss", 3, minimum);
        TrainerOptions options = Options with { Epochs = 20, Validation = Cadence.Steps(4), EarlyStopping = early };

        TrainingOutcome outcome = Train(task, options);

        Assert.Equal((TrainingStatus.EarlyStopped, steps), (outcome.Status, outcome.Steps));
        int validations = task.Validations;
        outcome = Train(task, options);
        Assert.Equal((TrainingStatus.EarlyStopped, steps, validations), (outcome.Status, outcome.Steps, task.Validations));
    }

    [Fact]
    public void Early_stopping_on_an_unknown_metric_is_an_error()
    {
        using var task = new ToyTask();
        var error = Assert.Throws<InvalidInputException>(() =>
            Train(task, Options with { EarlyStopping = new EarlyStopping("bleu", 3) }));
        Assert.Contains("loss, accuracy", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    public void A_bad_loss_stops_the_run_and_keeps_the_checkpoint(double value)
    {
        using var task = new ToyTask();
        task.OnLoss = (_, loss) => task.Seen.Count == 8 ? loss.Times(value) : loss;

        var error = Assert.Throws<TrainingDivergedException>(() => Train(task, Options with { CheckpointSteps = 3 }));

        Assert.Equal(8, error.Step);
        Assert.Equal(0.02 * Options.Schedule.For(20).Factor(7), error.LearningRate);
        Assert.Contains("step 8", error.Message, StringComparison.Ordinal);
        Assert.All(task.Weights(), weight => Assert.True(double.IsFinite(weight)));
        using SafetensorsFile file = SafetensorsFile.Open(Folder.Checkpoint);
        Assert.Equal(6, TrainingState.FromJson(file.Metadata["state"]).Step);
    }

    [Fact]
    public void Weights_that_are_not_finite_are_never_saved()
    {
        using var task = new ToyTask();
        // The loss is finite, its gradient is not: d√x at 0.
        task.OnLoss = (_, loss) => task.Seen.Count == 6 ? loss.Plus(task.TrainableParameters[0].Parameter.Times(0).abs().sum().sqrt()) : loss;

        var error = Assert.Throws<TrainingDivergedException>(() => Train(task, Options with { CheckpointSteps = 2 }));

        Assert.Equal(6, error.Step);
        using SafetensorsFile file = SafetensorsFile.Open(Folder.Checkpoint);
        Assert.Equal(4, TrainingState.FromJson(file.Metadata["state"]).Step);
    }

    [Fact]
    public void A_parameter_the_loss_does_not_reach_is_named()
    {
        using var task = new ToyTask { OnLoss = null };
        task.OnLoss = (_, _) => task.TrainableParameters[0].Parameter.sum();
        var error = Assert.Throws<InvalidOperationException>(() => Train(task, Options));
        Assert.Contains("first.bias, second.weight, second.bias", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_loss_without_gradient_or_of_several_numbers_is_an_error()
    {
        Assert.Contains("no gradient", Message(loss => loss.detach()), StringComparison.Ordinal);
        Assert.Contains("[2]", Message(loss => loss.expand(2)), StringComparison.Ordinal);

        string Message(Func<Tensor, Tensor> change)
        {
            using var task = new ToyTask { OnLoss = (_, loss) => change(loss) };
            return Assert.Throws<InvalidOperationException>(() => Train(task, Options)).Message;
        }
    }

    [Fact]
    public void Impossible_options_are_refused()
    {
        using var task = new ToyTask();
        foreach (TrainerOptions bad in new[]
        {
            Options with { Epochs = null },
            Options with { Epochs = 0 },
            Options with { Steps = 0 },
            Options with { LearningRate = double.NaN },
            Options with { Accumulation = 0 },
            Options with { ClipNorm = 0 },
            Options with { LogEvery = 0 },
            Options with { CheckpointSteps = 0 },
            Options with { KeepBest = ["../loss"] },
            Options with { EarlyStopping = new EarlyStopping("loss", 0) },
            Options with { EarlyStopping = new EarlyStopping("loss", 1), Validation = Cadence.Never },
            Options with { Optimizer = new AdamWOptions { Epsilon = -1 } },
        })
            Assert.Throws<InvalidInputException>(() => Train(task, bad));
        using var empty = new ToyTask(examples: 0);
        Assert.Throws<InvalidInputException>(() => Train(empty, Options));
        Assert.False(Directory.Exists(Folder.Path));
    }

    [Fact]
    public void No_tensor_is_left_over()
    {
        using var task = new ToyTask();
        var live = new List<long>();
        var progress = new RecordingProgress { OnStep = _ => live.Add(DisposeScopeManager.Statistics.ThreadTotalLiveCount) };
        TrainerOptions options = Options with { Epochs = 400, ClipNorm = 1, Validation = Cadence.Steps(50), CheckpointSteps = 500 };
        long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;

        Train(task, options, progress);

        Assert.Equal(2000, live.Count);
        Assert.Single(live.Skip(1).Distinct());
        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }
}
