using TorchSharp;
using TorchSharp.Modules;
using VLPeft.Data;
using VLPeft.Data.Batching;
using VLPeft.Models;
using VLPeft.Preprocessing;
using VLPeft.Training;
using static TorchSharp.torch;

namespace VLPeft.Pretraining;

/// <summary>
/// Denoising, as the trainer sees it: the encoder reads a text with spans missing, the decoder says the whole text, special tokens included,
/// from the start token on.
/// </summary>
internal sealed class DenoisingPretrainingTask : ITrainingTask<DenoisingBatch>
{
    private const int EvaluationBatch = 250;
    private const long Ignored = -100;

    private readonly TextPretrainingOptions options;
    private readonly int[][] train;
    private readonly int[][] heldOut;
    private readonly int padId;
    private readonly TextInfilling noise;
    private readonly LengthBucketSampler sampler;

    /// <exception cref="InvalidInputException">There is no word to guess.</exception>
    public DenoisingPretrainingTask(IEncoderDecoder model, TextCorpus corpus, TextPretrainingOptions options)
    {
        (Model, this.options) = (model, options);
        padId = corpus.Tokenizer.PadId;
        noise = new TextInfilling(
            options.InfilledShare, TextPretrainingOptions.SpanLength, corpus.Tokenizer.MaskId!.Value, WordLevelTokenizer.SpecialTokens);
        train = Encode(corpus.Train);
        heldOut = Encode(corpus.HeldOut);
        if (train.Length == 0 || heldOut.Length == 0)
        {
            string which = train.Length == 0 ? "training" : "held-out";
            throw new InvalidInputException($"{options.File ?? "generated texts"}: there is nothing to guess: no {which} "
                + "text has a word that occurs often enough.");
        }
        sampler = new LengthBucketSampler(Array.ConvertAll(train, ids => ids.Length),
            new SamplerOptions { BatchSize = options.BatchSize, Seed = (ulong)options.Seed });

        int[][] Encode(string[] texts) => [.. texts.Select(text => corpus.Tokenizer.Encode(text, options.MaxLength))
            .Where(ids => ids.Any(id => id >= WordLevelTokenizer.SpecialTokens))];
    }

    public IEncoderDecoder Model { get; }

    public IReadOnlyList<(string Name, Parameter Parameter)> TrainableParameters => PretrainingTrainer.Parameters(("model.", Model.Module));

    public int BatchesPerEpoch => sampler.BatchesPerEpoch;

    public IEnumerable<DenoisingBatch> Batches(int epoch, int skip) =>
        sampler.Epoch(epoch).Skip(skip).Select((batch, i) => Noisy(train, batch.Span, 0, (ulong)epoch, (ulong)(skip + i)));

    public Tensor Loss(DenoisingBatch batch)
    {
        using var scope = NewDisposeScope();
        (Tensor logits, Tensor labels) = Predict(batch);
        return scope.MoveToOuter(nn.functional.cross_entropy(logits, labels, ignore_index: Ignored));
    }

    public int Examples(DenoisingBatch batch) => (int)batch.Texts.Ids.shape[0];

    public EvaluationResult Validate(CancellationToken cancellation)
    {
        double loss = 0;
        long right = 0, count = 0;
        BatchPlan plan = BatchPlan.ByLength(Array.ConvertAll(heldOut, ids => ids.Length), EvaluationBatch);
        for (int i = 0; i < plan.Count; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            using DenoisingBatch batch = Noisy(heldOut, plan[i].Span, 1, (ulong)i);
            (Tensor logits, Tensor labels) = Predict(batch);
            loss += nn.functional.cross_entropy(logits, labels, ignore_index: Ignored, reduction: nn.Reduction.Sum).ToDouble();
            right += logits.argmax(1).eq(labels).sum().ToInt64();
            count += labels.ne(Scalars.Of(Ignored)).sum().ToInt64();
        }
        return new EvaluationResult(EvaluationResult.Loss(loss / count), EvaluationResult.Accuracy((double)right / count));
    }

    public void Train() => Model.Module.train();

    public void Eval() => Model.Module.eval();

    // Every batch has noise of its own stream, so that a resumed run meets the same.
    private DenoisingBatch Noisy(int[][] sequences, ReadOnlySpan<int> indices, params ReadOnlySpan<ulong> stream)
    {
        var random = DeterministicRandom.ForStream((ulong)options.Seed, stream);
        var noisy = new int[indices.Length][];
        for (int i = 0; i < noisy.Length; i++)
            noisy[i] = noise.Apply(sequences[indices[i]], random);
        return new DenoisingBatch(PaddedBatch.Of(noisy, padId), PaddedBatch.Of(sequences, indices, padId));
    }

    // (B·T, vocabulary) and (B·T). Padding stands behind all words of a target, so no word sees it.
    private (Tensor Logits, Tensor Labels) Predict(DenoisingBatch batch)
    {
        Tensor ids = batch.Texts.Ids, labels = ids.masked_fill(batch.Texts.Mask.eq(Scalars.Of(0)), Scalars.Of(Ignored));
        Tensor? mask = batch.Noisy.HasPadding ? batch.Noisy.Mask : null;
        Tensor start = full([ids.shape[0], 1], Scalars.Of(Model.StartId), ScalarType.Int64), targets = cat([start, ids.narrow(1, 0, ids.shape[1] - 1)], 1);
        using EncoderMemory memory = new(Model.Encode(Model.Embed(batch.Noisy.Ids), mask, batch.Noisy.Ids.shape[1]), mask);
        return (Model.Logits(Model.Decode(targets, memory)).flatten(0, 1), labels.flatten());
    }
}
