using System.Text.Json;
using VLPeft.Checkpoints;
using VLPeft.Training;

namespace VLPeft.Pretraining;

/// <summary>What both pre-trainings share: run, write the folder, tell what was done.</summary>
internal static class PretrainingRun
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    public static IReadOnlyDictionary<string, double>? Execute<TBatch>(
        ITrainingTask<TBatch> task, TrainerOptions options, string folder, IProgressReporter progress,
        Func<IReadOnlyDictionary<string, double>, IReadOnlyDictionary<string, object>> save, CancellationToken cancellation)
    {
        var work = new RunFolder(folder.TrimEnd('/', '\\') + ".pretraining");
        TrainingOutcome outcome = Trainer.Run(task, options, work, progress, cancellation);
        if (outcome.Status == TrainingStatus.Interrupted)
            return null;
        task.Eval();
        Dictionary<string, double> metrics;
        using (TorchSharp.torch.no_grad())
            metrics = task.Validate(CancellationToken.None).Metrics.ToDictionary(metric => metric.Name, metric => metric.Value);
        IReadOnlyDictionary<string, object> description = save(metrics);
        AtomicFile.WriteText(Path.Combine(folder, "pretraining.json"), JsonSerializer.Serialize(description, Indented) + "\n");
        Directory.Delete(work.Path, recursive: true);
        return metrics;
    }

    /// <summary>preprocessor_config.json of a ViT that takes pictures <paramref name="side"/> pixels wide.</summary>
    public static string ViTProcessor(int side) => $$"""
        {
          "do_normalize": true,
          "do_rescale": true,
          "do_resize": true,
          "image_mean": [0.5, 0.5, 0.5],
          "image_processor_type": "ViTImageProcessor",
          "image_std": [0.5, 0.5, 0.5],
          "resample": 2,
          "rescale_factor": 0.00392156862745098,
          "size": { "height": {{side}}, "width": {{side}} }
        }

        """;
}
