using VLPeft.Checkpoints;
using VLPeft.Training;
using Xunit;
using static TorchSharp.torch;

namespace VLPeft.Tests.Training;

[Collection(Alone.Name)]
public sealed class ResumeErrorTests : IDisposable
{
    private static readonly TrainerOptions Options = new()
    {
        Steps = 6,
        LearningRate = 0.05,
        CheckpointSteps = 2,
        TensorBoard = false,
        Validation = Cadence.Steps(2),
    };

    private readonly TemporaryFolder temporary = new();

    private RunFolder Folder => new(temporary.Path);

    public void Dispose() => temporary.Dispose();

    private TrainingStatus Train(ToyTask task, TrainerOptions options) =>
        Trainer.Run(task, options, Folder, NullProgress.Instance, TestContext.Current.CancellationToken).Status;

    [Fact]
    public void Other_settings_are_refused_by_name()
    {
        Interrupted();
        Refused(Options with { LearningRate = 0.01 }, "learning rate: '0.05' there, '0.01' here");
        Refused(Options with { Seed = 3 }, "seed: '0' there, '3' here");
        Refused(Options with { Steps = 7 }, "steps: '6' there, '7' here");
        Refused(Options with { Identity = "other.yaml" }, "identity: '' there, 'other.yaml' here");
        Refused(Options with { Optimizer = new AdamWOptions { Form = AdamWForm.Transformers } }, "Transformers, betas");
        Refused(Options with { ParameterRules = [new ParameterRule("bias", 2)] }, "parameter rules");
        Refused(Options with { LogEvery = 1 }, "log every");
        string message = Refused(Options with { Accumulation = 2, ClipNorm = 1 }, "accumulation: '1' there, '2' here");
        Assert.Contains("clip norm: 'none' there, '1' here", message, StringComparison.Ordinal);
        Assert.DoesNotContain("seed", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Settings_of_checkpoints_and_displays_may_change()
    {
        Interrupted();
        using var task = new ToyTask();
        TrainerOptions options = Options with { CheckpointSteps = 1, CheckpointInterval = null, TensorBoard = true };
        Assert.Equal(TrainingStatus.Completed, Train(task, options));
    }

    [Fact]
    public void Other_parameters_are_refused_by_name()
    {
        Interrupted();
        Refused(Options, "first.weight is Float32 [5, 6] there, Float32 [9, 6] here", hidden: 9);
    }

    [Fact]
    public void A_file_that_is_no_checkpoint_is_refused()
    {
        Interrupted();
        File.WriteAllBytes(Folder.Checkpoint, File.ReadAllBytes(Folder.Best("loss")));
        Refused(Options, "not a training checkpoint");
        File.WriteAllText(Folder.Checkpoint, "no safetensors at all");
        Refused(Options, Folder.Checkpoint);
        SafetensorsWriter.Write(Folder.Checkpoint, [new("x", zeros(1))], new Dictionary<string, string>
        {
            ["vlpeft"] = "training checkpoint 1",
            ["state"] = "{",
            ["settings"] = "[]",
        });
        Refused(Options, "damaged");
    }

    [Fact]
    public void A_log_that_lost_lines_is_refused()
    {
        Interrupted();
        File.WriteAllText(Folder.Metrics, "");
        Refused(Options, "metrics.jsonl' has 0 bytes");
    }

    [Fact]
    public void A_best_file_that_went_missing_is_refused()
    {
        Interrupted();
        File.Delete(Folder.Best("accuracy"));
        Refused(Options, "best-accuracy.safetensors");
    }

    [Fact]
    public void A_folder_serves_one_run_at_a_time()
    {
        using var task = new ToyTask();
        var progress = new RecordingProgress { OnStep = step => { if (step.Number == 3) Refused(Options, "in use by another run"); } };
        Trainer.Run(task, Options, Folder, progress, TestContext.Current.CancellationToken);
        Assert.Equal(6, progress.Steps.Count);
    }

    [Theory]
    [InlineData("checkpoint.safetensors")]
    [InlineData("best-loss.safetensors")]
    public void A_full_disk_leaves_the_old_file_and_names_it(string name)
    {
        using var task = new ToyTask();
        byte[] before = [];
        int written = 0;
        var error = Assert.Throws<IOException>(() => Trainer.Run(task, Options, Folder, NullProgress.Instance, moment =>
        {
            if (moment != $"{name}: written" || ++written < 2)
                return;
            before = File.ReadAllBytes(temporary[name]);
            throw new IOException("No space left on device");
        }, TestContext.Current.CancellationToken));

        Assert.Contains($"'{temporary[name]}' can't be written: No space left on device.", error.Message, StringComparison.Ordinal);
        Assert.Equal(before, File.ReadAllBytes(temporary[name]));
        Assert.Empty(Directory.GetFiles(temporary.Path, "*.tmp"));

        using var again = new ToyTask();                                // space was made
        Assert.Equal(TrainingStatus.Completed, Train(again, Options));
    }

    /// <summary>Runs three steps.</summary>
    private void Interrupted()
    {
        using var task = new ToyTask();
        using var cancellation = new CancellationTokenSource();
        var progress = new RecordingProgress { OnStep = step => { if (step.Number == 3) cancellation.Cancel(); } };
        Assert.Equal(TrainingStatus.Interrupted, Trainer.Run(task, Options, Folder, progress, cancellation.Token).Status);
    }

    private string Refused(TrainerOptions options, string because, int hidden = 5)
    {
        using var task = new ToyTask(hidden: hidden);
        var error = Assert.Throws<InvalidInputException>(() => Train(task, options));
        Assert.Contains(because, error.Message, StringComparison.Ordinal);
        return error.Message;
    }
}
