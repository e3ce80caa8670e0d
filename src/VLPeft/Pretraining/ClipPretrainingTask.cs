using TorchSharp;
using TorchSharp.Modules;
using VLPeft.Data.Batching;
using VLPeft.Data.Scenes;
using VLPeft.Models.Clip;
using VLPeft.Preprocessing;
using VLPeft.Training;
using static TorchSharp.torch;

namespace VLPeft.Pretraining;

/// <summary>
/// Symmetric InfoNCE, as the trainer sees it: of a batch's captions a picture's own must be found, and of its pictures a caption's own. Every
/// epoch takes another style of caption for each picture. Half of the loss is CLIP's own, on the class token; the other half asks the mean of the
/// patch tokens, which the class token's loss alone leaves as good as unread in the last layer: they are what the multi-task benchmark looks at.
/// </summary>
internal sealed class ClipPretrainingTask : ITrainingTask<ClipBatch>
{
    // Each held-out caption is looked for among so many pictures, and the other way round.
    public const int Pool = 250;

    // CLIP's bound: similarities are multiplied with 100 at most.
    private static readonly double LargestScale = Math.Log(100);

    private readonly ScenePretrainingPairs train;
    private readonly ScenePretrainingPairs heldOut;
    private readonly int[][][] trainIds;
    private readonly int[][] heldOutIds;
    private readonly int padId;
    private readonly LengthBucketSampler sampler;

    public ClipPretrainingTask(
        ClipModel model, ITextTokenizer tokenizer, ScenePretrainingPairs train, ScenePretrainingPairs heldOut, ClipPretrainingOptions options)
    {
        (Model, this.train, this.heldOut, padId) = (model, train, heldOut, tokenizer.PadId);
        trainIds = [.. Enumerable.Range(0, SceneCaptions.StyleCount).Select(style =>
            train.Captions.Select((styles, i) => Encode(styles[(i + style) % styles.Length])).ToArray())];
        heldOutIds = [.. heldOut.Captions.Select((_, i) => Encode(HeldOutCaption(i)))];
        sampler = new LengthBucketSampler(new int[train.Images.Count],
            new SamplerOptions { BatchSize = options.BatchSize, Seed = (ulong)options.Seed, BucketByLength = false });

        int[] Encode(string caption) => tokenizer.Encode(caption, (int)model.MaxLength);
    }

    public ClipModel Model { get; }

    public IReadOnlyList<(string Name, Parameter Parameter)> TrainableParameters => PretrainingTrainer.Parameters(("model.", Model));

    public int BatchesPerEpoch => sampler.BatchesPerEpoch;

    public IEnumerable<ClipBatch> Batches(int epoch, int skip) =>
        sampler.Epoch(epoch).Skip(skip).Select(batch => ClipBatch.Of(train.Images, trainIds[epoch % trainIds.Length], batch.Span, padId));

    public Tensor Loss(ClipBatch batch)
    {
        using var scope = NewDisposeScope();
        Model.LimitScale(LargestScale);
        Tensor texts = Texts(batch);
        (Tensor token, Tensor patches) = Model.BothImageFeatures(batch.Pixels);
        return scope.MoveToOuter(InfoNce(Model.Logits(token, texts)).Plus(InfoNce(Model.Logits(patches, texts))).Times(0.5));
    }

    public int Examples(ClipBatch batch) => (int)batch.Pixels.shape[0];

    public EvaluationResult Validate(CancellationToken cancellation)
    {
        double loss = 0;
        int images = 0, texts = 0, pools = 0;
        foreach (ReadOnlyMemory<int> indices in BatchPlan.InOrder(heldOutIds.Length, Pool))
        {
            cancellation.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            using ClipBatch batch = ClipBatch.Of(heldOut.Images, heldOutIds, indices.Span, padId);
            Tensor logits = Model.Logits(Model.ImageFeatures(batch.Pixels), Texts(batch));
            loss += InfoNce(logits).ToDouble();
            texts += Right(logits.argmax(1), indices.Span[0]);
            images += Right(logits.argmax(0), indices.Span[0]);
            pools++;
        }
        double count = heldOutIds.Length;
        return new EvaluationResult(EvaluationResult.Loss(loss / pools), High("text-recall-at-1", texts / count), High("image-recall-at-1", images / count));
    }

    public void Train() => Model.train();

    public void Eval() => Model.eval();

    // Padding stands behind the end token, which sees what is in front of it alone.
    private Tensor Texts(ClipBatch batch) => Model.TextFeatures(batch.Texts.Ids);

    private static Tensor InfoNce(Tensor logits)
    {
        Tensor own = arange(Scalars.Of(logits.shape[0]), ScalarType.Int64);
        return nn.functional.cross_entropy(logits, own).Plus(nn.functional.cross_entropy(logits.t(), own)).Times(0.5);
    }

    // Several pictures may have the same caption; none of them is the wrong answer.
    private int Right(Tensor first, int start)
    {
        long[] found = first.data<long>().ToArray();
        return Enumerable.Range(0, found.Length).Count(i => HeldOutCaption(start + (int)found[i], start + i) == HeldOutCaption(start + i));
    }

    private string HeldOutCaption(int picture) => HeldOutCaption(picture, picture);

    /// <summary>A picture's caption in the style that another picture's has.</summary>
    private string HeldOutCaption(int picture, int styleOf) => heldOut.Captions[picture][styleOf % SceneCaptions.StyleCount];

    private static Metric High(string name, double value) => new(name, value, MetricDirection.HigherIsBetter);
}
