using TorchSharp;
using VLPeft.Training;
using Xunit;

namespace VLPeft.Tests.Training;

/// <summary>
/// A run that is cut short anywhere and started again ends with the same bytes in every file but the timing. "Killed" is an exception
/// thrown where a kill would leave other files behind; a real SIGKILL differs only in what stays of a file that was being written.
/// </summary>
[Collection(Alone.Name)]
public sealed class ResumeTests : IDisposable
{
    private static readonly TrainerOptions Options = new()
    {
        Epochs = 3,
        LearningRate = 0.05,
        Schedule = new ScheduleOptions(ScheduleShape.Cosine, Warmup.Steps(2)),
        ClipNorm = 0.5,
        Accumulation = 2,
        LogEvery = 2,
        Validation = Cadence.Steps(2),
        CheckpointSteps = 3,
        CheckpointInterval = null,
        EarlyStopping = new EarlyStopping("accuracy", 3),
        TensorBoard = false,
        Seed = 11,
    };

    private readonly TemporaryFolder temporary = new();

    public void Dispose() => temporary.Dispose();

    private sealed class KilledException : Exception;

    [Fact]
    public void Killed_at_any_moment_ends_with_the_same_bytes()
    {
        var moments = new List<string>();
        Dictionary<string, byte[]> expected = Undisturbed(moments.Add);
        Assert.Contains("checkpoint.safetensors: written", moments);
        Assert.Contains("best-loss.safetensors: in place", moments);
        Assert.Contains("best-accuracy.safetensors: begin", moments);
        Assert.Equal(9, moments.Count(moment => moment == "step"));
        for (int kill = 0; kill < moments.Count; kill++)
        {
            string folder = temporary[$"kill-{kill}"];
            int count = 0;
            Assert.Throws<KilledException>(() => Run(folder, at: _ => Kill(count++ == kill)));
            Run(folder);
            AssertSame(expected, folder, $"killed at {kill}, {moments[kill]}");
        }
    }

    [Fact]
    public void Killed_again_and_again_ends_with_the_same_bytes()
    {
        Dictionary<string, byte[]> expected = Undisturbed();
        var random = new Random(5);
        for (int round = 0; round < 5; round++)
        {
            string folder = temporary[$"round-{round}"];
            int kills = 0;
            while (kills < 100)
            {
                // Short enough that most sessions end before their checkpoint, long enough that some don't.
                int left = random.Next(1, 25);
                try
                {
                    Run(folder, at: _ => Kill(--left == 0));
                    break;
                }
                catch (KilledException)
                {
                    kills++;
                }
            }
            Assert.InRange(kills, 1, 99);
            AssertSame(expected, folder, $"round {round}, {kills} kills");
        }
    }

    [Fact]
    public void Interrupted_at_any_step_says_so_and_ends_with_the_same_bytes()
    {
        Dictionary<string, byte[]> expected = Undisturbed();
        for (int stop = 0; stop < 9; stop++)
        {
            string folder = temporary[$"stop-{stop}"];
            using var cancellation = new CancellationTokenSource();
            if (stop == 0)
                cancellation.Cancel();
            var progress = new RecordingProgress { OnStep = step => { if (step.Number == stop) cancellation.Cancel(); } };
            TrainingOutcome outcome = Run(folder, progress, cancellation: cancellation);
            Assert.Equal((TrainingStatus.Interrupted, stop), (outcome.Status, outcome.Steps));

            progress = new RecordingProgress();
            Assert.Equal(TrainingStatus.Completed, Run(folder, progress).Status);
            Assert.Equal($"started 9 {stop}", progress.Events[0]);
            Assert.Equal(stop + 1, progress.Steps[0].Number);
            AssertSame(expected, folder, $"interrupted after {stop}");
        }
    }

    [Fact]
    public void A_step_a_session_ends_with_the_same_bytes()
    {
        Dictionary<string, byte[]> expected = Undisturbed();
        string folder = temporary["steps"];
        TrainingOutcome outcome;
        do
        {
            using var cancellation = new CancellationTokenSource();
            outcome = Run(folder, new RecordingProgress { OnStep = _ => cancellation.Cancel() }, cancellation: cancellation);
        }
        while (outcome.Status == TrainingStatus.Interrupted);
        AssertSame(expected, folder, "a step a session");
    }

    [Fact]
    public void A_cancelled_validation_is_done_anew()
    {
        Dictionary<string, byte[]> expected = Undisturbed();
        string folder = temporary["validation"];
        using var cancellation = new CancellationTokenSource();
        using var task = new ToyTask();
        task.OnValidate = _ =>
        {
            torch.rand(5);
            cancellation.Cancel();
            throw new OperationCanceledException(cancellation.Token);
        };
        TrainingOutcome outcome = Trainer.Run(task, Options, new RunFolder(folder), NullProgress.Instance, cancellation.Token);
        Assert.Equal((TrainingStatus.Interrupted, 2), (outcome.Status, outcome.Steps));

        Run(folder);
        AssertSame(expected, folder, "validation cancelled");
    }

    [Fact]
    public void Checkpoints_by_time_change_nothing()
    {
        Dictionary<string, byte[]> expected = Undisturbed();
        Run(temporary["often"], options: Options with { CheckpointInterval = TimeSpan.Zero, CheckpointSteps = null });
        AssertSame(expected, temporary["often"], "a checkpoint after every step");
        Run(temporary["never"], options: Options with { CheckpointInterval = null, CheckpointSteps = null });
        AssertSame(expected, temporary["never"], "no checkpoint but the last");
    }

    [Fact]
    public void The_seed_matters()
    {
        // Another seed gives other bytes, so the tests above would see dropout masks that are not the run's.
        Dictionary<string, byte[]> expected = Undisturbed();
        Run(temporary["other-seed"], options: Options with { Seed = 12 });
        foreach (string name in new[] { "best-loss.safetensors", "metrics.jsonl" })
            Assert.False(expected[name].AsSpan().SequenceEqual(File.ReadAllBytes(temporary[$"other-seed/{name}"])));
    }

    [Fact]
    public void What_a_killed_writer_left_is_removed()
    {
        Dictionary<string, byte[]> expected = Undisturbed();
        string folder = temporary["left"];
        int steps = 0;
        Assert.Throws<KilledException>(() => Run(folder, at: moment => Kill(moment == "step" && ++steps == 5)));
        foreach (string name in new[] { "checkpoint.safetensors", "best-loss.safetensors" })
            File.WriteAllText(Path.Combine(folder, name + ".0123456789abcdef.tmp"), "half");
        File.AppendAllText(Path.Combine(folder, "metrics.jsonl"), "{\"step\":5,\"los");

        using var cancellation = new CancellationTokenSource();
        Run(folder, new RecordingProgress { OnStep = _ => cancellation.Cancel() }, cancellation: cancellation);
        Assert.Equal([2, 2, 4], MetricsLog.Read(Path.Combine(folder, "metrics.jsonl")).Select(entry => entry.Step));

        Run(folder);
        AssertSame(expected, folder, "leftovers");
        Assert.Empty(Directory.GetFiles(folder, "*.tmp"));
    }

    [Fact]
    public void Files_of_a_run_killed_before_its_first_checkpoint_are_started_anew()
    {
        string folder = temporary["early"];
        Assert.Throws<KilledException>(() => Run(folder, at: moment => Kill(moment == "checkpoint.safetensors: begin")));
        Assert.True(File.Exists(Path.Combine(folder, "best-loss.safetensors")));
        File.Copy(Path.Combine(folder, "best-loss.safetensors"), Path.Combine(folder, "best-old.safetensors"));
        Dictionary<string, byte[]> expected = Undisturbed();
        Run(folder);
        AssertSame(expected, folder, "no checkpoint");
    }

    [Fact]
    public void A_finished_run_is_not_run_again()
    {
        Dictionary<string, byte[]> expected = Undisturbed();
        var progress = new RecordingProgress();
        using var task = new ToyTask();
        var folder = new RunFolder(temporary["undisturbed"]);
        TrainingOutcome outcome = Trainer.Run(task, Options, folder, progress, TestContext.Current.CancellationToken);
        Assert.Equal((TrainingStatus.Completed, 9), (outcome.Status, outcome.Steps));
        Assert.Empty(task.Seen);
        Assert.Equal(2, outcome.Best.Count);
        AssertSame(expected, temporary["undisturbed"], "run again");

        using var last = new ToyTask();
        TrainedParameters.Load(temporary["undisturbed/checkpoint.safetensors"], last.TrainableParameters);
        Assert.Equal(last.Weights(), task.Weights());
    }

    private static void Kill(bool now)
    {
        if (now)
            throw new KilledException();
    }

    private Dictionary<string, byte[]> Undisturbed(Action<string>? at = null)
    {
        string folder = temporary["undisturbed"];
        Run(folder, at: at);
        return Files(folder);
    }

    private static TrainingOutcome Run(string folder, IProgressReporter? progress = null, TrainerOptions? options = null,
        Action<string>? at = null, CancellationTokenSource? cancellation = null)
    {
        torch.random.manual_seed(Environment.TickCount64);              // whatever the process did before
        using var task = new ToyTask();
        return Trainer.Run(task, options ?? Options, new RunFolder(folder), progress ?? NullProgress.Instance, at ?? (static _ => { }),
            cancellation?.Token ?? TestContext.Current.CancellationToken);
    }

    private static Dictionary<string, byte[]> Files(string folder) =>
        new DirectoryInfo(folder).GetFiles().Where(file => file.Name != "timing.jsonl")
            .ToDictionary(file => file.Name, file => File.ReadAllBytes(file.FullName));

    private static void AssertSame(Dictionary<string, byte[]> expected, string folder, string what)
    {
        Dictionary<string, byte[]> actual = Files(folder);
        Assert.Equal(expected.Keys.Order(), actual.Keys.Order());
        foreach ((string name, byte[] bytes) in expected)
            Assert.True(bytes.AsSpan().SequenceEqual(actual[name]), $"{name} differs: {what}\n{Excerpt(bytes)}\n{Excerpt(actual[name])}");

        string Excerpt(byte[] bytes) => new([.. bytes.Take(2000).Select(value => value is (>= 32 and < 127) or 10 ? (char)value : '.')]);
    }
}
