using System.Text.Json;
using TorchSharp;
using VLPeft.Models;
using VLPeft.Pretraining;
using VLPeft.Preprocessing;
using VLPeft.Tests.Models;
using VLPeft.Training;
using Xunit;
using static TorchSharp.torch;

namespace VLPeft.Tests.Pretraining;

[Collection(Seeded.Name)]
public sealed class VisionPretrainingTests : IDisposable
{
    private static readonly VisionPretrainingOptions Small = new() { Images = 96, HeldOutImages = 20, Steps = 30, BatchSize = 32 };

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private readonly TemporaryFolder home = new();

    public void Dispose() => home.Dispose();

    [Fact]
    public void The_folder_loads_as_encoder_and_image_processor()
    {
        PretrainingOutcome outcome = VisionPretraining.Run(Small, home.File("model"), NullProgress.Instance, Cancel);

        using var scope = NewDisposeScope();
        IVisionEncoder encoder = VisionEncoders.FromFolder(home.File("model"));
        ImageProcessor processor = ImageProcessor.FromFolder(home.File("model"));
        Tensor pixels = processor.ProcessBatch([new RgbImage(32, 32, new byte[3 * 32 * 32])]);
        Assert.Equal(-1, pixels.max().ToSingle());
        Assert.Equal([1L, 64], encoder.Encode(pixels).Pooled!.shape);
        Assert.Equal(TrainingStatus.Completed, outcome.Training.Status);
        Assert.Equal(117_760, encoder.Module.parameters().Sum(p => p.numel()));
        Assert.Equal(117_760, outcome.Report!.Parameters.Backbone);
        Assert.False(Directory.Exists(home.File("model.pretraining")));
    }

    [Fact]
    public void The_loss_falls_on_pictures_that_were_not_trained_on()
    {
        double Loss(int steps) => VisionPretraining.Run(Small with { Steps = steps }, home.File($"{steps}"), NullProgress.Instance, Cancel)
            .Report!.HeldOut["loss"];

        Assert.True(Loss(60) < 0.8 * Loss(1));
    }

    [Fact]
    public void The_same_seed_gives_the_same_bytes_and_another_others()
    {
        VisionPretraining.Run(Small, home.File("a"), NullProgress.Instance, Cancel);
        rand(3).Dispose();
        VisionPretraining.Run(Small, home.File("b"), NullProgress.Instance, Cancel);
        VisionPretraining.Run(Small with { Seed = 2 }, home.File("c"), NullProgress.Instance, Cancel);

        Folders.AssertSame(home.File("a"), home.File("b"));
        Assert.NotEqual(File.ReadAllBytes(home.File("a", "model.safetensors")), File.ReadAllBytes(home.File("c", "model.safetensors")));
    }

    [Fact]
    public void An_interrupted_run_goes_on_to_the_same_bytes()
    {
        VisionPretraining.Run(Small, home.File("whole"), NullProgress.Instance, Cancel);
        using var cancellation = new CancellationTokenSource();
        var progress = new CancelAt(7, cancellation);

        PretrainingOutcome first = VisionPretraining.Run(Small, home.File("parts"), progress, cancellation.Token);

        Assert.Equal(TrainingStatus.Interrupted, first.Training.Status);
        Assert.Null(first.Report);
        Assert.False(Directory.Exists(home.File("parts")));
        VisionPretraining.Run(Small, home.File("parts"), NullProgress.Instance, Cancel);
        Folders.AssertSame(home.File("whole"), home.File("parts"));
    }

    [Fact]
    public void An_interrupted_run_refuses_other_options()
    {
        using var cancellation = new CancellationTokenSource();
        VisionPretraining.Run(Small, home.File("model"), new CancelAt(2, cancellation), cancellation.Token);

        var error = Assert.Throws<InvalidInputException>(
            () => VisionPretraining.Run(Small with { Images = 64 }, home.File("model"), NullProgress.Instance, Cancel));

        Assert.Contains("other settings", error.Message);
    }

    [Fact]
    public void The_report_says_where_the_model_comes_from()
    {
        VisionPretraining.Run(Small, home.File("model"), NullProgress.Instance, Cancel);

        using JsonDocument report = JsonDocument.Parse(File.ReadAllText(home.File("model", "pretraining.json")));
        JsonElement root = report.RootElement;
        Assert.Equal("vision", root.GetProperty("kind").GetString());
        Assert.Equal(
            "vlpeft pretrain vision --output FOLDER --seed 1 --steps 30 --images 96 --batch-size 32 --learning-rate 0.004",
            root.GetProperty("command").GetString());
        Assert.Equal(30, root.GetProperty("options").GetProperty("steps").GetInt32());
        Assert.InRange(root.GetProperty("held_out").GetProperty("accuracy").GetDouble(), 0.5, 1);
    }

    [Fact]
    public void A_folder_with_other_files_is_left_alone_and_an_earlier_result_replaced()
    {
        home.Write("taken/notes.txt", "mine");
        VisionPretrainingOptions one = Small with { Steps = 1 };

        var error = Assert.Throws<InvalidInputException>(
            () => VisionPretraining.Run(one, home.File("taken"), NullProgress.Instance, Cancel));

        Assert.Contains("taken", error.Message);
        Assert.Equal(["notes.txt"], Directory.GetFileSystemEntries(home.File("taken")).Select(Path.GetFileName));
        VisionPretraining.Run(one, home.File("model"), NullProgress.Instance, Cancel);
        VisionPretraining.Run(Small with { Steps = 2 }, home.File("model"), NullProgress.Instance, Cancel);
        Assert.Contains("--steps 2 ", File.ReadAllText(home.File("model", "pretraining.json")));
        Assert.Throws<InvalidInputException>(
            () => TextPretraining.Run(new TextPretrainingOptions { Steps = 1 }, home.File("model"), NullProgress.Instance, Cancel));
    }

    [Fact]
    public void Options_out_of_range_are_named()
    {
        void Refused(VisionPretrainingOptions options, string name) => Assert.Contains(name,
            Assert.Throws<InvalidInputException>(
                () => VisionPretraining.Run(options, home.File("x"), NullProgress.Instance, Cancel)).Message);

        Refused(Small with { Seed = -1 }, "Seed");
        Refused(Small with { Steps = 0 }, "Steps");
        Refused(Small with { Images = 0 }, "Images");
        Refused(Small with { BatchSize = 0 }, "BatchSize");
        Refused(Small with { LearningRate = double.NaN }, "LearningRate");
        Assert.Empty(Directory.GetFileSystemEntries(home.Path));
    }
}
