using System.Globalization;
using System.Text.Json.Nodes;
using VLPeft.Checkpoints;
using VLPeft.Data;
using VLPeft.Data.Scenes;
using VLPeft.Models;
using VLPeft.Models.Clip;
using VLPeft.Preprocessing;
using VLPeft.Training;
using static TorchSharp.torch;

namespace VLPeft.Pretraining;

/// <summary>
/// Pre-trains a small CLIP on drawn scenes with their captions: what belongs together lies close. Its vision tower is the embedded multi-task
/// benchmark's encoder.
/// </summary>
public static class ClipPretraining
{
    internal const string Kind = "clip";

    // Pictures that the probes of the patch tokens are fitted to.
    private const int ProbeImages = 1_500;

    private const string Preprocessor = """
        {
          "image_processor_type": "CLIPImageProcessor",
          "do_resize": true,
          "size": { "shortest_edge": 32 },
          "resample": 3,
          "do_center_crop": true,
          "crop_size": { "height": 32, "width": 32 },
          "do_rescale": true,
          "rescale_factor": 0.00392156862745098,
          "do_normalize": true,
          "image_mean": [0.5, 0.5, 0.5],
          "image_std": [0.5, 0.5, 0.5]
        }

        """;

    /// <summary>
    /// Trains, measures retrieval on held-out pairs and what the patch tokens tell, and writes a Hugging Face folder of a CLIPModel (config.json,
    /// model.safetensors, preprocessor_config.json, tokenizer.json, tokenizer_config.json, special_tokens_map.json) with a
    /// <c>pretraining.json</c>. The same options give the same bytes on the same machine, with the same number of torch threads. Until then
    /// the run is kept in <c>FOLDER.pretraining</c>: the same call goes on after an interruption.
    /// </summary>
    /// <param name="options">Data, steps and learning rate.</param>
    /// <param name="outputFolder">New, empty, or an earlier result, which is replaced.</param>
    /// <param name="progress">Is told how it goes.</param>
    /// <param name="cancellation">Ends the run after the current step.</param>
    /// <exception cref="InvalidInputException">
    /// An option is out of range, the folder holds other files, or the interrupted run in it has other options.
    /// </exception>
    public static PretrainingOutcome Run(
        ClipPretrainingOptions options, string outputFolder, IProgressReporter progress, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(progress);
        options.Validate();
        var folder = new PretrainingFolder(outputFolder, Kind);
        progress.Message($"drawing {options.Images + options.HeldOutImages:N0} scenes");
        WordLevelTokenizer tokenizer = WordLevelTokenizer.BuildContrastive(SceneVocabulary.Words);
        ScenePretrainingPairs train = ScenePretrainingPairs.Draw(options.Images, (ulong)options.Seed);
        ScenePretrainingPairs heldOut = HeldOut(options.HeldOutImages, options.Seed);
        using ClipModel model = MakeModel(options, tokenizer);
        var task = new ClipPretrainingTask(model, tokenizer, train, heldOut, options);
        TrainingOutcome outcome = Trainer.Run(task, options.Trainer(), folder.Run, progress, cancellation);
        if (outcome.Status == TrainingStatus.Interrupted)
            return new PretrainingOutcome(outcome, null);
        PretrainingReport report = Report(options, task, heldOut.Images);
        Save(model, tokenizer, folder);
        folder.Finish(report);
        return new PretrainingOutcome(outcome, report);
    }

    /// <summary>Pairs of a seed that no training uses; their scenes may be among the training scenes.</summary>
    internal static ScenePretrainingPairs HeldOut(int count, long seed) =>
        ScenePretrainingPairs.Draw(count, DeterministicRandom.Mix((ulong)seed, 1));

    /// <summary>What the patch tokens of a vision tower tell on held-out pictures.</summary>
    internal static IReadOnlyDictionary<string, double> Probe(Func<Tensor, VisionOutput> encode, long seed, ScenePretrainingImages heldOut) =>
        PatchProbe.Run(
            pixels => encode(pixels).LastHiddenState.narrow(1, 1, SceneLabels.PatchCount), ScenePretrainingData.Images(ProbeImages, (ulong)seed), heldOut);

    private static ClipModel MakeModel(ClipPretrainingOptions options, WordLevelTokenizer tokenizer)
    {
        random.manual_seed(options.Seed);
        int end = tokenizer.Encode("")[^1];
        // CLIP's own 0.02 is for widths of 512 and more; at 64, attention would start out blind.
        var model = new ClipModel(ClipPretrainingOptions.Architecture(tokenizer.VocabularySize, tokenizer.PadId, end), initializerRange: 0.1);
        using var frozen = no_grad();
        nn.init.normal_(model.get_parameter("vision_model.embeddings.position_embedding.weight")!, 0, options.PositionDeviation);
        return model;
    }

    private static void Save(ClipModel model, WordLevelTokenizer tokenizer, PretrainingFolder folder)
    {
        tokenizer.Save(folder.In("tokenizer.json"));
        folder.WriteSpecialTokens(new JsonObject
        {
            ["bos_token"] = WordLevelTokenizer.StartOfText, ["eos_token"] = WordLevelTokenizer.EndOfText, ["unk_token"] = "<unk>",
            ["pad_token"] = WordLevelTokenizer.EndOfText,
        });
        AtomicFile.WriteText(folder.In(ImageProcessor.FileName), Preprocessor);
        HubFolder.Save(model, model.ConfigJson, folder.Staging);
    }

    private static PretrainingReport Report(ClipPretrainingOptions options, ClipPretrainingTask task, ScenePretrainingImages heldOut)
    {
        using var frozen = no_grad();
        var metrics = PretrainingTrainer.Numbers(task.Validate(CancellationToken.None)).ToDictionary();
        foreach ((string name, double share) in Probe(pixels => task.Model.EncodeImage(pixels), options.Seed, heldOut))
            metrics["probe-patch-" + name] = Math.Round(share, 6);
        return new PretrainingReport(
            Kind,
            options.Command(),
            string.Create(CultureInfo.InvariantCulture,
                $"{options.Images} drawn scenes with captions in {SceneCaptions.StyleCount} styles, held out: {options.HeldOutImages} of another seed (scenes recur), retrieved among {ClipPretrainingTask.Pool}"),
            options.Named(),
            new PretrainingParameters(PretrainingTrainer.Count(task.Model), 0),
            metrics);
    }
}
