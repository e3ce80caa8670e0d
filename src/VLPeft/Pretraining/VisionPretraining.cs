using System.Globalization;
using System.Text.Json;
using VLPeft.Checkpoints;
using VLPeft.Data;
using VLPeft.Data.Scenes;
using VLPeft.Models;
using VLPeft.Models.Vit;
using VLPeft.Training;
using static TorchSharp.torch;

namespace VLPeft.Pretraining;

/// <summary>
/// Pre-trains the embedded benchmark's vision encoder: a small ViT that tells which attributes a drawn scene has. No text is involved.
/// </summary>
public static class VisionPretraining
{
    internal const string Kind = "vision";

    private const string Preprocessor = """
        {
          "image_processor_type": "ViTImageProcessor",
          "do_resize": true,
          "size": { "height": 32, "width": 32 },
          "resample": 2,
          "do_rescale": true,
          "rescale_factor": 0.00392156862745098,
          "do_normalize": true,
          "image_mean": [0.5, 0.5, 0.5],
          "image_std": [0.5, 0.5, 0.5]
        }

        """;

    /// <summary>
    /// Trains, measures on held-out pictures, and writes a Hugging Face folder (config.json, model.safetensors,
    /// preprocessor_config.json) with a <c>pretraining.json</c>. The same options give the same bytes on the same machine, with the same
    /// number of torch threads. Until then the run is kept in <c>FOLDER.pretraining</c>: the same call goes on after an interruption.
    /// </summary>
    /// <param name="options">Data, steps and learning rate.</param>
    /// <param name="outputFolder">New, empty, or an earlier result, which is replaced.</param>
    /// <param name="progress">Is told how it goes.</param>
    /// <param name="cancellation">Ends the run after the current step.</param>
    /// <exception cref="InvalidInputException">
    /// An option is out of range, the folder holds other files, or the interrupted run in it has other options.
    /// </exception>
    public static PretrainingOutcome Run(
        VisionPretrainingOptions options, string outputFolder, IProgressReporter progress, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(progress);
        options.Validate();
        var folder = new PretrainingFolder(outputFolder, Kind);
        progress.Message($"drawing {options.Images + options.HeldOutImages:N0} scenes");
        VisionPretrainingTask task = MakeTask(options);
        using (task.Model)
        using (task.Heads)
        {
            TrainingOutcome outcome = Trainer.Run(task, TrainerOptionsOf(options), folder.Run, progress, cancellation);
            if (outcome.Status == TrainingStatus.Interrupted)
                return new PretrainingOutcome(outcome, null);
            PretrainingReport report = Report(options, task);
            AtomicFile.WriteText(folder.In("preprocessor_config.json"), Preprocessor);
            HubFolder.Save(task.Model, task.Model.ConfigJson, folder.Path);
            folder.Finish(report);
            return new PretrainingOutcome(outcome, report);
        }
    }

    private static VisionPretrainingTask MakeTask(VisionPretrainingOptions options)
    {
        random.manual_seed(options.Seed);
        var model = new VitModel(VisionPretrainingOptions.Architecture);
        using (no_grad())
        {
            foreach ((string name, TorchSharp.Modules.Parameter parameter) in model.named_parameters())
            {
                if (name.EndsWith("position_embeddings", StringComparison.Ordinal))
                    nn.init.normal_(parameter, 0, options.PositionDeviation);
            }
        }
        var heads = new VisionHeads(model.Width);
        return new VisionPretrainingTask(model, heads,
            ScenePretrainingData.Images(options.Images, (ulong)options.Seed), HeldOut(options.HeldOutImages, options.Seed), options);
    }

    /// <summary>Pictures of a seed that no training uses.</summary>
    internal static ScenePretrainingImages HeldOut(int count, long seed) =>
        ScenePretrainingData.Images(count, DeterministicRandom.Mix((ulong)seed, 1));

    private static TrainerOptions TrainerOptionsOf(VisionPretrainingOptions options) =>
        PretrainingTrainer.Options(options.Steps, options.LearningRate, beta2: 0.98, options.Seed,
            JsonSerializer.Serialize(options));

    private static PretrainingReport Report(VisionPretrainingOptions options, VisionPretrainingTask task)
    {
        using var frozen = no_grad();
        return new PretrainingReport(
            Kind,
            Command(options),
            string.Create(CultureInfo.InvariantCulture, $"{options.Images} drawn scenes, held out: {options.HeldOutImages} others"),
            new Dictionary<string, object?>
            {
                ["seed"] = options.Seed,
                ["images"] = options.Images,
                ["held_out_images"] = options.HeldOutImages,
                ["steps"] = options.Steps,
                ["batch_size"] = options.BatchSize,
                ["learning_rate"] = options.LearningRate,
                ["position_deviation"] = options.PositionDeviation,
            },
            new PretrainingParameters(PretrainingTrainer.Count(task.Model), PretrainingTrainer.Count(task.Heads)),
            PretrainingTrainer.Numbers(task.Validate(CancellationToken.None)));
    }

    private static string Command(VisionPretrainingOptions options) => string.Create(CultureInfo.InvariantCulture,
        $"vlpeft pretrain vision --output FOLDER --seed {options.Seed} --steps {options.Steps} --images {options.Images} "
        + $"--batch-size {options.BatchSize} --learning-rate {options.LearningRate:R}");
}
