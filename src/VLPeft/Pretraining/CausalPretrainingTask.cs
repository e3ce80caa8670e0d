using TorchSharp;
using TorchSharp.Modules;
using VLPeft.Data.Batching;
using VLPeft.Models.Gpt2;
using VLPeft.Training;
using static TorchSharp.torch;

namespace VLPeft.Pretraining;

/// <summary>
/// Causal language modelling, as the trainer sees it. A text is [end, words, end]: the first stands where a visual prefix will stand, and
/// a text that is cut has no end.
/// </summary>
internal sealed class CausalPretrainingTask : ITrainingTask<PaddedBatch>
{
    private const int EvaluationBatch = 250;
    private const long Ignored = -100;

    private readonly int[][] train;
    private readonly int[][] heldOut;
    private readonly int endId;
    private readonly LengthBucketSampler sampler;

    /// <exception cref="InvalidInputException">There is no word to predict.</exception>
    public CausalPretrainingTask(Gpt2Model model, TextCorpus corpus, TextPretrainingOptions options)
    {
        Model = model;
        endId = corpus.Tokenizer.PadId;
        train = Encode(corpus.Train);
        heldOut = Encode(corpus.HeldOut);
        if (train.Length == 0 || heldOut.Length == 0)
        {
            string which = train.Length == 0 ? "training" : "held-out";
            throw new InvalidInputException($"{options.File ?? "generated captions"}: there is nothing to predict: there is no {which} text with a word in it.");
        }
        sampler = new LengthBucketSampler(Array.ConvertAll(train, ids => ids.Length),
            new SamplerOptions { BatchSize = options.BatchSize, Seed = (ulong)options.Seed });

        int[][] Encode(string[] texts) => [.. texts.Select(text => corpus.Tokenizer.Encode(text)).Where(ids => ids.Length > 0).Select(ids =>
            ids.Length <= options.MaxLength ? (int[])[endId, .. ids, endId] : [endId, .. ids[..options.MaxLength]])];
    }

    public Gpt2Model Model { get; }

    public IReadOnlyList<(string Name, Parameter Parameter)> TrainableParameters => PretrainingTrainer.Parameters(("model.", Model));

    public int BatchesPerEpoch => sampler.BatchesPerEpoch;

    public IEnumerable<PaddedBatch> Batches(int epoch, int skip) =>
        sampler.Epoch(epoch).Skip(skip).Select(batch => PaddedBatch.Of(train, batch.Span, endId));

    public Tensor Loss(PaddedBatch batch)
    {
        using var scope = NewDisposeScope();
        (Tensor logits, Tensor labels) = Predict(batch);
        return scope.MoveToOuter(nn.functional.cross_entropy(logits, labels, ignore_index: Ignored));
    }

    public int Examples(PaddedBatch batch) => (int)batch.Ids.shape[0];

    public EvaluationResult Validate(CancellationToken cancellation)
    {
        double loss = 0;
        long right = 0, count = 0;
        BatchPlan plan = BatchPlan.ByLength(Array.ConvertAll(heldOut, ids => ids.Length), EvaluationBatch);
        for (int i = 0; i < plan.Count; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            using PaddedBatch batch = PaddedBatch.Of(heldOut, plan[i].Span, endId);
            (Tensor logits, Tensor labels) = Predict(batch);
            loss += nn.functional.cross_entropy(logits, labels, ignore_index: Ignored, reduction: nn.Reduction.Sum).ToDouble();
            right += logits.argmax(1).eq(labels).sum().ToInt64();
            count += labels.ne(Scalars.Of(Ignored)).sum().ToInt64();
        }
        return new EvaluationResult(
            EvaluationResult.Loss(loss / count),
            EvaluationResult.Accuracy((double)right / count),
            new Metric("perplexity", Math.Exp(loss / count), MetricDirection.LowerIsBetter));
    }

    public void Train() => Model.train();

    public void Eval() => Model.eval();

    // (B·T, vocabulary) and (B·T). Padding stands behind all words, so no word sees it.
    private (Tensor Logits, Tensor Labels) Predict(PaddedBatch batch)
    {
        long length = batch.Ids.shape[1] - 1;
        Tensor labels = batch.Ids.narrow(1, 1, length).masked_fill(batch.Mask.narrow(1, 1, length).eq(Scalars.Of(0)), Scalars.Of(Ignored));
        Tensor hidden = Model.Encode(Model.WordEmbeddings(batch.Ids.narrow(1, 0, length)), mask: null);
        return (Model.Logits(hidden).flatten(0, 1), labels.flatten());
    }
}
