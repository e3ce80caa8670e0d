using System.Globalization;
using VLPeft.Checkpoints;
using VLPeft.Data;
using VLPeft.Data.Scenes;
using VLPeft.Models;
using VLPeft.Preprocessing;
using VLPeft.Training;
using static TorchSharp.torch;

namespace VLPeft.Pretraining;

/// <summary>
/// Pre-trains the embedded benchmark's vision encoder: a small ViT or BEiT that tells which attributes a drawn scene has. No text is involved.
/// </summary>
public static class VisionPretraining
{
    internal const string Kind = "vision";

    /// <summary>
    /// Trains, measures on held-out pictures, and writes a Hugging Face folder (config.json, model.safetensors,
    /// preprocessor_config.json) with a <c>pretraining.json</c>. The same options give the same bytes on the same machine, with the same
    /// number of torch threads. Until then the run is kept in <c>FOLDER.pretraining</c>: the same call goes on after an interruption.
    /// </summary>
    /// <param name="options">Architecture, data, steps and learning rate.</param>
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
        using (task.Model.Module)
        using (task.Heads)
        {
            TrainingOutcome outcome = Trainer.Run(task, options.Trainer(), folder.Run, progress, cancellation);
            if (outcome.Status == TrainingStatus.Interrupted)
                return new PretrainingOutcome(outcome, null);
            PretrainingReport report = Report(options, task);
            AtomicFile.WriteText(folder.In(ImageProcessor.FileName), SmallVisionEncoder.Of(options.Architecture).Preprocessor);
            HubFolder.Save(task.Model.Module, task.Model.ConfigJson, folder.Staging);
            folder.Finish(report);
            return new PretrainingOutcome(outcome, report);
        }
    }

    private static VisionPretrainingTask MakeTask(VisionPretrainingOptions options)
    {
        random.manual_seed(options.Seed);
        IVisionEncoder model = SmallVisionEncoder.Of(options.Architecture).Fresh(options.PositionDeviation);
        var heads = new VisionHeads(model.Width);
        return new VisionPretrainingTask(model, heads,
            ScenePretrainingData.Images(options.Images, (ulong)options.Seed), HeldOut(options.HeldOutImages, options.Seed), options);
    }

    /// <summary>Pictures of a seed that no training uses; their scenes may be among the training scenes.</summary>
    internal static ScenePretrainingImages HeldOut(int count, long seed) =>
        ScenePretrainingData.Images(count, DeterministicRandom.Mix((ulong)seed, 1));

    private static PretrainingReport Report(VisionPretrainingOptions options, VisionPretrainingTask task)
    {
        using var frozen = no_grad();
        return new PretrainingReport(
            Kind,
            options.Command(),
            string.Create(CultureInfo.InvariantCulture, $"{options.Images} drawn scenes, held out: {options.HeldOutImages} pictures of another seed (scenes recur)"),
            options.Named(),
            new PretrainingParameters(PretrainingTrainer.Count(task.Model.Module), PretrainingTrainer.Count(task.Heads)),
            PretrainingTrainer.Numbers(task.Validate(CancellationToken.None)));
    }
}
