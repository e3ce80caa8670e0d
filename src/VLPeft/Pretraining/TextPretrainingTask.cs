using TorchSharp;
using TorchSharp.Modules;
using VLPeft.Data;
using VLPeft.Data.Batching;
using VLPeft.Models.Bert;
using VLPeft.Preprocessing;
using VLPeft.Training;
using static TorchSharp.torch;

namespace VLPeft.Pretraining;

/// <summary>Masked language modelling, as the trainer sees it.</summary>
internal sealed class TextPretrainingTask : ITrainingTask<MaskedBatch>
{
    private const int EvaluationBatch = 250;

    private readonly TextPretrainingOptions options;
    private readonly int[][] train;
    private readonly int[][] heldOut;
    private readonly int padId;
    private readonly Masking masking;
    private readonly LengthBucketSampler sampler;

    /// <exception cref="InvalidInputException">There is no word to guess.</exception>
    public TextPretrainingTask(BertFamilyModel model, LmHead head, TextCorpus corpus, TextPretrainingOptions options)
    {
        (Model, Head, this.options) = (model, head, options);
        padId = corpus.Tokenizer.PadId;
        masking = new Masking(options.MaskedShare, corpus.Tokenizer.MaskId!.Value, WordLevelTokenizer.SpecialTokens, corpus.Tokenizer.VocabularySize);
        train = Encode(corpus.Train);
        heldOut = Encode(corpus.HeldOut);
        if (train.Length == 0 || heldOut.Length == 0)
        {
            string which = train.Length == 0 ? "training" : "held-out";
            throw new InvalidInputException($"{options.File}: there is nothing to guess: no {which} "
                + "text has a word that occurs often enough.");
        }
        sampler = new LengthBucketSampler(Array.ConvertAll(train, ids => ids.Length),
            new SamplerOptions { BatchSize = options.BatchSize, Seed = (ulong)options.Seed });

        int[][] Encode(string[] texts) =>
            [.. texts.Select(text => corpus.Tokenizer.Encode(text, options.MaxLength)).Where(ids => ids.Any(id => id >= WordLevelTokenizer.SpecialTokens))];
    }

    public BertFamilyModel Model { get; }

    public LmHead Head { get; }

    public IReadOnlyList<(string Name, Parameter Parameter)> TrainableParameters =>
        PretrainingTrainer.Parameters(("model.", Model), ("head.", Head));

    public int BatchesPerEpoch => sampler.BatchesPerEpoch;

    public IEnumerable<MaskedBatch> Batches(int epoch, int skip) =>
        sampler.Epoch(epoch).Skip(skip).Select((batch, i) => Mask(train, batch.Span, 0, (ulong)epoch, (ulong)(skip + i)));

    public Tensor Loss(MaskedBatch batch) => nn.functional.cross_entropy(Predict(batch), batch.Answers);

    public int Examples(MaskedBatch batch) => (int)batch.Texts.Ids.shape[0];

    public EvaluationResult Validate(CancellationToken cancellation)
    {
        double loss = 0;
        long right = 0, count = 0;
        BatchPlan plan = BatchPlan.ByLength(Array.ConvertAll(heldOut, ids => ids.Length), EvaluationBatch);
        for (int i = 0; i < plan.Count; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            using MaskedBatch batch = Mask(heldOut, plan[i].Span, 1, (ulong)i);
            Tensor logits = Predict(batch);
            loss += nn.functional.cross_entropy(logits, batch.Answers, reduction: nn.Reduction.Sum).ToDouble();
            right += logits.argmax(1).eq(batch.Answers).sum().ToInt64();
            count += batch.Answers.shape[0];
        }
        return new EvaluationResult(EvaluationResult.Loss(loss / count), EvaluationResult.Accuracy((double)right / count));
    }

    public void Train()
    {
        Model.train();
        Head.train();
    }

    public void Eval()
    {
        Model.eval();
        Head.eval();
    }

    // Every batch has masks of its own stream, so that a resumed run meets the same ones.
    private MaskedBatch Mask(int[][] sequences, ReadOnlySpan<int> indices, params ReadOnlySpan<ulong> stream) =>
        masking.Apply(sequences, indices, padId, DeterministicRandom.ForStream((ulong)options.Seed, stream))
        ?? throw new InvalidOperationException("Every text has a word, but none was chosen.");

    // (N, vocabulary): only hidden tokens go through the head.
    private Tensor Predict(MaskedBatch batch)
    {
        using var scope = NewDisposeScope();
        Tensor hidden = Model.Encode(Model.Embed(batch.Texts.Ids), batch.Texts.HasPadding ? batch.Texts.Mask : null);
        return scope.MoveToOuter(Head.call(hidden.flatten(0, 1).index_select(0, batch.Places), Model.WordEmbeddingWeight));
    }
}
