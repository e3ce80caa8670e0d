using TorchSharp;
using TorchSharp.Modules;
using VLPeft.Data.Batching;
using VLPeft.Evaluation.Captions;
using VLPeft.Recipes;
using VLPeft.Training;
using VLPeft.VisionLanguage;
using static TorchSharp.torch;

namespace VLPeft.Experiments;

/// <summary>Captioning, as the trainer sees it: one row a caption; validation by loss, and by CIDEr of greedy captions.</summary>
internal sealed class CaptionTask : ITrainingTask<CaptionBatch>
{
    private readonly Recipe _recipe;
    private readonly CaptionExperiment _experiment;
    private readonly CaptionTexts _train;
    private readonly LengthBucketSampler _sampler;
    private readonly int _workers;

    public CaptionTask(Recipe recipe, CaptionExperiment experiment)
    {
        (_recipe, _experiment, _train) = (recipe, experiment, experiment.Texts(Split.Train));
        // Decoding pictures is worth threads of its own, gathering features is not.
        _workers = recipe.Vision.Train ? 1 : 0;
        _sampler = new LengthBucketSampler(_train.Lengths, new SamplerOptions
        {
            BatchSize = recipe.Training.BatchSize,
            Seed = (ulong)recipe.Seed,
            BucketByLength = recipe.Training.BucketByLength,
        });
    }

    public IReadOnlyList<(string Name, Parameter Parameter)> TrainableParameters => _experiment.System.TrainableParameters;

    public int BatchesPerEpoch => _sampler.BatchesPerEpoch;

    public IEnumerable<CaptionBatch> Batches(int epoch, int skip) =>
        Prefetcher.Run(_sampler.Epoch(epoch).Skip(skip), _train.Batch, new PrefetchOptions { Workers = _workers });

    public Tensor Loss(CaptionBatch batch) => _experiment.Scorer.Loss(batch);

    public int Examples(CaptionBatch batch) => (int)batch.Ids.size(0);

    public EvaluationResult Validate(CancellationToken cancellation)
    {
        if (_experiment.Data.Find(Split.Validation) is not { } split)
            return new EvaluationResult();
        CaptionExample[] said = _experiment.Scorer.Caption(
            split, _experiment.Pictures(Split.Validation), _recipe.Generation with { Beams = 1 }, _recipe.Caption.CiderImages, null, cancellation);
        double cider = Cider.Score(CaptionScorer.Tokenize(said), CiderVariant.D).Score;
        return new EvaluationResult(
            new Metric("cider", cider, MetricDirection.HigherIsBetter),
            EvaluationResult.Loss(_experiment.Scorer.MeanLoss(_experiment.Texts(Split.Validation), cancellation)));
    }

    public void Train() => _experiment.System.Train();

    public void Eval() => _experiment.System.Eval();
}
