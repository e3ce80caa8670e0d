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
public sealed class VisionPretrainingTests : PretrainingTestBase
{
    private static readonly VisionPretrainingOptions Small = new() { Images = 96, HeldOutImages = 20, Steps = 30, BatchSize = 32 };

    [Theory, InlineData(VisionArchitecture.Vit, "vit", 117_760), InlineData(VisionArchitecture.Beit, "beit", 113_056)]
    public void The_folder_loads_as_encoder_and_image_processor(VisionArchitecture architecture, string type, long parameters)
    {
        PretrainingReport report = Run(Small with { Architecture = architecture }, "model");

        using var scope = NewDisposeScope();
        IVisionEncoder encoder = VisionEncoders.FromFolder(home.File("model"));
        ImageProcessor processor = ImageProcessor.FromFolder(home.File("model"));
        Tensor pixels = processor.ProcessBatch([new RgbImage(32, 32, new byte[3 * 32 * 32])]);
        Assert.Equal(-1, pixels.max().ToSingle());
        Assert.Equal([1L, 64], encoder.Encode(pixels).Pooled!.shape);
        Assert.Contains($"\"model_type\": \"{type}\"", encoder.ConfigJson);
        Assert.Equal(parameters, encoder.Module.parameters().Sum(p => p.numel()));
        Assert.Equal(parameters, report.Parameters.Backbone);
        Assert.False(Directory.Exists(home.File("model.pretraining")));
    }

    [Fact]
    public void An_earlier_result_is_replaced_as_a_whole_and_other_files_stay()
    {
        Run(Small, "model");
        File.WriteAllText(home.File("model", "README.md"), "mine");
        byte[] first = File.ReadAllBytes(home.File("model", "model.safetensors"));
        using (var interrupted = new CancellationTokenSource())
        {
            interrupted.Cancel();
            VisionPretraining.Run(Small with { Seed = 2 }, home.File("model"), NullProgress.Instance, interrupted.Token);
        }
        Assert.Equal(first, File.ReadAllBytes(home.File("model", "model.safetensors")));

        Run(Small with { Seed = 2 }, "model");
        Run(Small with { Seed = 2 }, "fresh");
        Assert.Equal("mine", File.ReadAllText(home.File("model", "README.md")));
        File.Delete(home.File("model", "README.md"));
        Folders.AssertSame(home.File("fresh"), home.File("model"));
        Assert.False(Directory.Exists(home.File("model.pretraining")));
    }

    [Theory, InlineData(VisionArchitecture.Vit), InlineData(VisionArchitecture.Beit)]
    public void The_loss_falls_on_pictures_that_were_not_trained_on(VisionArchitecture architecture)
    {
        double Loss(int steps) => Run(Small with { Architecture = architecture, Steps = steps }, $"{steps}").HeldOut["loss"];

        Assert.True(Loss(60) < 0.8 * Loss(1));
    }

    [Fact]
    public void The_same_seed_gives_the_same_bytes_and_another_others()
    {
        Run(Small, "a");
        rand(3).Dispose();
        Run(Small, "b");
        Run(Small with { Seed = 2 }, "c");

        Folders.AssertSame(home.File("a"), home.File("b"));
        Assert.NotEqual(File.ReadAllBytes(home.File("a", "model.safetensors")), File.ReadAllBytes(home.File("c", "model.safetensors")));
    }

    [Theory, InlineData(VisionArchitecture.Vit), InlineData(VisionArchitecture.Beit)]
    public void An_interrupted_run_goes_on_to_the_same_bytes(VisionArchitecture architecture)
    {
        VisionPretrainingOptions options = Small with { Architecture = architecture };
        Run(options, "whole");
        using var cancellation = new CancellationTokenSource();
        var progress = new CancelAt(7, cancellation);

        PretrainingOutcome first = VisionPretraining.Run(options, home.File("parts"), progress, cancellation.Token);

        Assert.Equal(TrainingStatus.Interrupted, first.Training.Status);
        Assert.Null(first.Report);
        Assert.False(Directory.Exists(home.File("parts")));
        Run(options, "parts");
        Folders.AssertSame(home.File("whole"), home.File("parts"));
    }

    [Fact]
    public void An_interrupted_run_refuses_other_options()
    {
        using var cancellation = new CancellationTokenSource();
        VisionPretraining.Run(Small, home.File("model"), new CancelAt(2, cancellation), cancellation.Token);

        foreach (VisionPretrainingOptions other in (VisionPretrainingOptions[])[Small with { Images = 64 }, Small with { Architecture = VisionArchitecture.Beit }])
            Assert.Contains("other settings", Assert.Throws<InvalidInputException>(() => Run(other, "model")).Message);
    }

    [Fact]
    public void The_report_of_another_architecture_names_it()
    {
        PretrainingReport report = Run(Small with { Architecture = VisionArchitecture.Beit, Steps = 1 }, "model");

        Assert.StartsWith("vlpeft pretrain vision --architecture beit --output FOLDER --seed 1 --steps 1 ", report.Command, StringComparison.Ordinal);
        Assert.Equal("beit", report.Options["architecture"]);
        Assert.DoesNotContain("architecture", Run(Small with { Steps = 1 }, "default").Options.Keys);
    }

    [Fact]
    public void The_report_says_where_the_model_comes_from()
    {
        Run(Small, "model");

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

        var error = Assert.Throws<InvalidInputException>(() => Run(one, "taken"));

        Assert.Contains("taken", error.Message);
        Assert.Equal(["notes.txt"], Directory.GetFileSystemEntries(home.File("taken")).Select(Path.GetFileName));
        Run(one, "model");
        Run(Small with { Steps = 2 }, "model");
        Assert.Contains("--steps 2 ", File.ReadAllText(home.File("model", "pretraining.json")));
        Assert.Throws<InvalidInputException>(() => Run(new TextPretrainingOptions { Steps = 1 }, "model"));
    }

    [Fact]
    public void Options_out_of_range_are_named()
    {
        void Refused(VisionPretrainingOptions options, string name) =>
            Assert.Contains(name, Assert.Throws<InvalidInputException>(() => Run(options, "x")).Message);

        Refused(Small with { Architecture = (VisionArchitecture)7 }, "Architecture must be Vit or Beit, not 7");
        Refused(Small with { Seed = -1 }, "Seed");
        Refused(Small with { Steps = 0 }, "Steps");
        Refused(Small with { Images = 0 }, "Images");
        Refused(Small with { BatchSize = 0 }, "BatchSize");
        Refused(Small with { LearningRate = double.NaN }, "LearningRate");
        Assert.Empty(Directory.GetFileSystemEntries(home.Path));
    }
}
