using TorchSharp;
using TorchSharp.Modules;
using VLPeft.Checkpoints;
using VLPeft.Data;
using VLPeft.Data.Scenes;
using VLPeft.Models;
using VLPeft.Models.Vit;
using VLPeft.Training;
using static TorchSharp.torch;

namespace VLPeft.Pretraining;

/// <summary>How a tiny ViT is pre-trained on scenes (docs/embedded-benchmark.md).</summary>
public sealed record VisionPretrainingOptions
{
    /// <summary>Seeds scenes, weights and batches.</summary>
    public long Seed { get; init; } = 1;

    /// <summary>Pictures.</summary>
    public int Images { get; init; } = 16_000;

    /// <summary>Steps.</summary>
    public int Steps { get; init; } = 2_000;

    /// <summary>Pictures a batch.</summary>
    public int BatchSize { get; init; } = 64;

    /// <summary>The peak learning rate.</summary>
    public double LearningRate { get; init; } = 4e-3;

    /// <summary>d.</summary>
    public long Width { get; init; } = 64;

    /// <summary>Layers.</summary>
    public long Layers { get; init; } = 2;

    /// <summary>
    /// The standard deviation position embeddings start with. With Hugging Face's 0.02 the pooled feature does not learn where things are.
    /// </summary>
    public double PositionDeviation { get; init; } = 0.4;
}

/// <summary>
/// Pre-trains a tiny ViT without any text: attributes of the scene from the pooled feature, and attributes of each patch from the tokens
/// that enter the last block. The heads are thrown away.
/// </summary>
public static class VisionPretraining
{
    private const int HeldOut = 1_000;

    /// <summary>Trains, and writes a Hugging Face folder with pretraining.json beside it.</summary>
    /// <param name="options">The settings.</param>
    /// <param name="folder">The folder; training state is kept in FOLDER.pretraining until it is done.</param>
    /// <param name="progress">Is told how it goes.</param>
    /// <param name="cancellation">Ends after the current step; the same call goes on.</param>
    /// <returns>The held-out metrics; null when it was interrupted.</returns>
    public static IReadOnlyDictionary<string, double>? Run(
        VisionPretrainingOptions options, string folder, IProgressReporter progress, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        random.manual_seed(options.Seed);
        using var task = new SceneAttributesTask(options, HeldOut);
        return PretrainingRun.Execute(task, SceneAttributesTask.OptionsOf(options), folder, progress, metrics =>
        {
            AtomicFile.WriteText(Path.Combine(folder, "preprocessor_config.json"), PretrainingRun.ViTProcessor(SceneRenderer.Side));
            HubFolder.Save(task.Vision, task.Vision.ConfigJson, folder);
            return new Dictionary<string, object> { ["kind"] = "vision", ["options"] = options, ["held_out_pictures"] = HeldOut, ["held_out"] = metrics };
        }, cancellation);
    }
}

/// <summary>Attributes of scenes from the pooled feature, attributes of patches from the tokens that enter the last block.</summary>
internal sealed class SceneAttributesTask : ITrainingTask<Tensor>, IDisposable
{
    private readonly ScenePretrainingImages _images, _heldOut;
    private readonly Linear _attributes, _patches;
    private readonly PretrainingBatches _batches;

    public SceneAttributesTask(VisionPretrainingOptions options, int heldOut)
    {
        Vision = new VitModel(new VitConfig
        {
            ImageSize = SceneRenderer.Side,
            PatchSize = 8,
            Channels = 3,
            Width = options.Width,
            Layers = options.Layers,
            Heads = 4,
            Intermediate = 4 * options.Width,
        });
        using (no_grad())
            Vision.named_parameters().First(one => one.name == "embeddings.position_embeddings").parameter.normal_(0, options.PositionDeviation);
        _attributes = nn.Linear(options.Width, SceneLabels.AttributeNames.Count);
        _patches = nn.Linear(options.Width, SceneLabels.PatchColumns.Sum(column => column.Classes));
        _images = ScenePretrainingData.Images(options.Images, (ulong)options.Seed);
        _heldOut = ScenePretrainingData.Images(heldOut, (ulong)options.Seed + 1_000_003);
        _batches = new PretrainingBatches(options.Images, options.BatchSize, (ulong)options.Seed);
    }

    public VitModel Vision { get; }

    public IReadOnlyList<(string Name, Parameter Parameter)> TrainableParameters =>
    [
        .. Vision.named_parameters().Select(one => ($"vision.{one.name}", one.parameter)),
        .. _attributes.named_parameters().Select(one => ($"attributes.{one.name}", one.parameter)),
        .. _patches.named_parameters().Select(one => ($"patches.{one.name}", one.parameter)),
    ];

    public int BatchesPerEpoch => _batches.PerEpoch;

    public static TrainerOptions OptionsOf(VisionPretrainingOptions options) => new()
    {
        Steps = options.Steps,
        LearningRate = options.LearningRate,
        Schedule = new ScheduleOptions(ScheduleShape.Linear, Warmup.Fraction(0.05)),
        Optimizer = new AdamWOptions { Beta2 = 0.98 },
        ClipNorm = 1,
        Validation = Cadence.Steps(Math.Max(1, options.Steps / 4)),
        LogEvery = 50,
        Seed = options.Seed,
        TensorBoard = false,
    };

    public IEnumerable<Tensor> Batches(int epoch, int skip) => _batches.Epoch(epoch, skip);

    public Tensor Loss(Tensor batch)
    {
        int[] rows = Array.ConvertAll(batch.data<long>().ToArray(), row => (int)row);
        (Tensor attributes, Tensor[] patches) = Predict(_images, rows);
        Tensor loss = nn.functional.binary_cross_entropy_with_logits(attributes, Attributes(_images, rows));
        Tensor labels = PatchLabels(_images, rows);
        for (int column = 0; column < patches.Length; column++)
            loss += nn.functional.cross_entropy(patches[column], labels.select(2, column).flatten());
        return loss;
    }

    public int Examples(Tensor batch) => (int)batch.size(0);

    public EvaluationResult Validate(CancellationToken cancellation)
    {
        double right = 0, positives = 0, found = 0, claimed = 0, patchRight = 0;
        for (int start = 0; start < _heldOut.Count; start += 250)
        {
            cancellation.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            int[] rows = [.. Enumerable.Range(start, Math.Min(250, _heldOut.Count - start))];
            (Tensor logits, Tensor[] patches) = Predict(_heldOut, rows);
            Tensor predicted = logits.gt(0), truth = Attributes(_heldOut, rows).gt(0.5);
            right += predicted.eq(truth).to(float64).mean([1]).sum().ToDouble();
            positives += truth.to(float64).sum().ToDouble();
            claimed += predicted.to(float64).sum().ToDouble();
            found += predicted.logical_and(truth).to(float64).sum().ToDouble();
            Tensor labels = PatchLabels(_heldOut, rows);
            for (int column = 0; column < patches.Length; column++)
                patchRight += patches[column].argmax(1).eq(labels.select(2, column).flatten()).to(float64).mean().ToDouble() * rows.Length / patches.Length;
        }
        return new EvaluationResult(
            new Metric("attribute_f1", 2 * found / Math.Max(1, positives + claimed), MetricDirection.HigherIsBetter),
            new Metric("attribute_accuracy", right / _heldOut.Count, MetricDirection.HigherIsBetter),
            new Metric("patch_accuracy", patchRight / _heldOut.Count, MetricDirection.HigherIsBetter));
    }

    public void Dispose()
    {
        Vision.Dispose();
        _attributes.Dispose();
        _patches.Dispose();
    }

    public void Train() => Vision.train();

    public void Eval() => Vision.eval();

    private (Tensor Attributes, Tensor[] Patches) Predict(ScenePretrainingImages images, int[] rows)
    {
        // Filled, not made from an array: an array's alignment differs from run to run, and with it the last bit of a product.
        Tensor pixels = empty(rows.Length, 3, SceneRenderer.Side, SceneRenderer.Side);
        images.CopyNormalized(rows, System.Runtime.InteropServices.MemoryMarshal.Cast<byte, float>(pixels.bytes));
        VisionOutput output = Vision.Encode(pixels, hiddenStates: true);
        Tensor entering = output.HiddenStates![^2].narrow(1, 1, SceneLabels.PatchCount); // (B, P, d), without the class token
        Tensor all = _patches.call(entering).flatten(0, 1); // (B·P, sum of classes)
        return (_attributes.call(output.Pooled!), all.split([.. SceneLabels.PatchColumns.Select(column => (long)column.Classes)], 1));
    }

    private static Tensor Attributes(ScenePretrainingImages images, int[] rows)
    {
        int width = SceneLabels.AttributeNames.Count;
        float[] labels = new float[rows.Length * width];
        for (int i = 0; i < rows.Length; i++)
            images.Attributes.AsSpan(rows[i] * width, width).CopyTo(labels.AsSpan(i * width));
        return tensor(labels, rows.Length, width);
    }

    private static Tensor PatchLabels(ScenePretrainingImages images, int[] rows)
    {
        int width = SceneLabels.PatchCount * SceneLabels.PatchColumns.Count;
        long[] labels = new long[rows.Length * width];
        for (int i = 0; i < rows.Length; i++)
            for (int j = 0; j < width; j++)
                labels[i * width + j] = images.Patches[rows[i] * width + j];
        return tensor(labels, rows.Length, SceneLabels.PatchCount, SceneLabels.PatchColumns.Count);
    }
}
