using System.Text.Json;
using TorchSharp;
using VLPeft.Data.Scenes;
using VLPeft.Models;
using VLPeft.Models.Clip;
using VLPeft.Preprocessing;
using VLPeft.Pretraining;
using VLPeft.Tests.Models;
using VLPeft.Training;
using Xunit;
using static TorchSharp.torch;

namespace VLPeft.Tests.Pretraining;

[Collection(Seeded.Name)]
public sealed class ClipPretrainingTests : PretrainingTestBase
{
    private static readonly ClipPretrainingOptions Small = new() { Images = 96, HeldOutImages = 30, Steps = 12, BatchSize = 16 };

    [Fact]
    public void The_folder_loads_as_a_clip_an_encoder_a_processor_and_a_tokenizer()
    {
        PretrainingReport report = Run(Small, "model");

        using var scope = NewDisposeScope();
        ClipModel model = ClipModel.FromFolder(home.File("model"));
        IVisionEncoder encoder = VisionEncoders.FromFolder(home.File("model"));
        ITextTokenizer tokenizer = Tokenizers.FromFolder(home.File("model"));
        Tensor pixels = ImageProcessor.FromFolder(home.File("model")).ProcessBatch([new RgbImage(48, 32, new byte[3 * 48 * 32])]);
        Tensor ids = tensor(tokenizer.Encode("a red circle at the top left").Select(id => (long)id).ToArray()).unsqueeze(0);
        Assert.Equal(-1, pixels.max().ToSingle());
        Assert.Equal([1, 1], model.Logits(model.ImageFeatures(pixels), model.TextFeatures(ids)).shape);
        Assert.Equal([1, 17, 64], encoder.Encode(pixels).LastHiddenState.shape);
        Assert.Equal(model.parameters().Sum(p => p.numel()), report.Parameters.Backbone);
        Assert.False(Directory.Exists(home.File("model.pretraining")));
    }

    [Fact]
    public void The_loaded_model_retrieves_as_the_report_says()
    {
        PretrainingReport report = Run(Small, "model");

        using var frozen = no_grad();
        using ClipModel model = ClipModel.FromFolder(home.File("model"));
        ScenePretrainingPairs heldOut = ClipPretraining.HeldOut(Small.HeldOutImages, Small.Seed);
        var task = new ClipPretrainingTask(model, Tokenizers.FromFolder(home.File("model")), heldOut, heldOut, Small);

        Assert.Equal(report.HeldOut["loss"], task.Validate(Cancel).Find("loss")!.Value, 1e-4);
    }

    [Fact]
    public void Retrieval_gets_better_on_pairs_that_were_not_trained_on()
    {
        ClipPretrainingOptions longer = Small with { Images = 512, BatchSize = 64 };
        IReadOnlyDictionary<string, double> before = Run(longer with { Steps = 1 }, "before").HeldOut;
        IReadOnlyDictionary<string, double> after = Run(longer with { Steps = 150 }, "after").HeldOut;

        Assert.True(after["loss"] < 0.8 * before["loss"], $"{before["loss"]} to {after["loss"]}");
        Assert.True(after["text-recall-at-1"] > before["text-recall-at-1"] + 0.05);
        Assert.True(after["image-recall-at-1"] > before["image-recall-at-1"] + 0.05);
    }

    [Fact]
    public void The_same_seed_gives_the_same_bytes_and_an_interrupted_run_goes_on_to_them()
    {
        Run(Small, "whole");
        rand(3).Dispose();
        using var cancellation = new CancellationTokenSource();
        PretrainingOutcome first = ClipPretraining.Run(Small, home.File("parts"), new CancelAt(7, cancellation), cancellation.Token);
        Assert.Equal(TrainingStatus.Interrupted, first.Training.Status);
        Assert.Null(first.Report);
        Assert.False(Directory.Exists(home.File("parts")));

        Run(Small, "parts");

        Folders.AssertSame(home.File("whole"), home.File("parts"));
    }

    [Fact]
    public void The_report_says_where_the_model_comes_from()
    {
        Run(Small, "model");

        using JsonDocument report = JsonDocument.Parse(File.ReadAllText(home.File("model", "pretraining.json")));
        Assert.Equal("clip", report.RootElement.GetProperty("kind").GetString());
        Assert.Equal(
            "vlpeft pretrain clip --output FOLDER --seed 1 --steps 12 --images 96 --batch-size 16 --learning-rate 0.002",
            report.RootElement.GetProperty("command").GetString());
        Assert.InRange(report.RootElement.GetProperty("held_out").GetProperty("probe-patch-background").GetDouble(), 0.3, 1);
    }

    [Fact]
    public void Options_out_of_range_are_named()
    {
        void Refused(ClipPretrainingOptions options, string name) =>
            Assert.Contains(name, Assert.Throws<InvalidInputException>(() => Run(options, "x")).Message);

        Refused(Small with { Seed = -1 }, "Seed");
        Refused(Small with { Steps = 0 }, "Steps");
        Refused(Small with { Images = 1 }, "Images");
        Refused(Small with { HeldOutImages = 1 }, "HeldOutImages");
        Refused(Small with { BatchSize = 1 }, "BatchSize");
        Refused(Small with { LearningRate = double.NaN }, "LearningRate");
        Refused(Small with { PositionDeviation = -1 }, "PositionDeviation");
        Assert.Empty(Directory.GetFileSystemEntries(home.Path));
    }

    [Fact]
    public void Every_caption_fits_and_has_no_unknown_word()
    {
        WordLevelTokenizer tokenizer = WordLevelTokenizer.BuildContrastive(SceneVocabulary.Words);
        int unknown = tokenizer.Encode("xyzzy")[1];
        ScenePretrainingPairs pairs = ScenePretrainingPairs.Draw(200, 5);

        Assert.Equal(pairs.Images.Pixels, ScenePretrainingData.Images(200, 5).Pixels);
        Assert.All(pairs.Captions.SelectMany(styles => styles), caption =>
        {
            int[] ids = tokenizer.Encode(caption);
            Assert.InRange(ids.Length, 3, 40);
            Assert.DoesNotContain(unknown, ids);
        });
    }
}
