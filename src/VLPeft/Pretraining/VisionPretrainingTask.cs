using TorchSharp;
using TorchSharp.Modules;
using VLPeft.Data.Batching;
using VLPeft.Data.Scenes;
using VLPeft.Models;
using VLPeft.Training;
using static TorchSharp.torch;

namespace VLPeft.Pretraining;

/// <summary>Attributes of scenes, as the trainer sees it.</summary>
internal sealed class VisionPretrainingTask : ITrainingTask<VisionBatch>
{
    private const int EvaluationBatch = 250;

    // A mean over some 90 attributes, of which a picture has few: as it is, its gradient drowns in AdamW's epsilon and the patch loss.
    private const double AttributeWeight = 10;

    private readonly ScenePretrainingImages train;
    private readonly ScenePretrainingImages heldOut;
    private readonly LengthBucketSampler sampler;

    public VisionPretrainingTask(
        IVisionEncoder model, VisionHeads heads, ScenePretrainingImages train, ScenePretrainingImages heldOut, VisionPretrainingOptions options)
    {
        (Model, Heads, this.train, this.heldOut) = (model, heads, train, heldOut);
        sampler = new LengthBucketSampler(
            new int[train.Count], new SamplerOptions { BatchSize = options.BatchSize, Seed = (ulong)options.Seed, BucketByLength = false });
    }

    public IVisionEncoder Model { get; }

    public VisionHeads Heads { get; }

    public IReadOnlyList<(string Name, Parameter Parameter)> TrainableParameters =>
        PretrainingTrainer.Parameters(("model.", Model.Module), ("heads.", Heads));

    public int BatchesPerEpoch => sampler.BatchesPerEpoch;

    public IEnumerable<VisionBatch> Batches(int epoch, int skip) =>
        sampler.Epoch(epoch).Skip(skip).Select(batch => VisionBatch.Of(train, batch.Span));

    public Tensor Loss(VisionBatch batch)
    {
        using var scope = NewDisposeScope();
        (Tensor attributes, Tensor[] patches) = Predict(batch);
        Tensor loss = nn.functional.binary_cross_entropy_with_logits(attributes, batch.Attributes).Times(AttributeWeight);
        for (int i = 0; i < patches.Length; i++)
            loss = loss.Plus(nn.functional.cross_entropy(patches[i].flatten(0, 1), batch.Patches.select(2, i).flatten()).div(Scalars.Of(patches.Length)));
        return scope.MoveToOuter(loss);
    }

    public int Examples(VisionBatch batch) => (int)batch.Pixels.shape[0];

    public EvaluationResult Validate(CancellationToken cancellation)
    {
        var scores = new VisionScores();
        foreach (ReadOnlyMemory<int> indices in BatchPlan.InOrder(heldOut.Count, EvaluationBatch))
        {
            cancellation.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            using VisionBatch batch = VisionBatch.Of(heldOut, indices.Span);
            (Tensor attributes, Tensor[] patches) = Predict(batch);
            scores.Add(batch, attributes, patches);
        }
        return scores.Result();
    }

    public void Train()
    {
        Model.Module.train();
        Heads.train();
    }

    public void Eval()
    {
        Model.Module.eval();
        Heads.eval();
    }

    // Patch labels are asked of the tokens that enter the last layer: what a ViT's last layer leaves in them, nobody reads.
    private (Tensor Attributes, Tensor[] Patches) Predict(VisionBatch batch)
    {
        VisionOutput output = Model.Encode(batch.Pixels, OutputPositions.First, hiddenStates: true);
        return (Heads.Attributes(output.Pooled!), Heads.Patches(output.HiddenStates![^2]));
    }
}
