using TorchSharp.Modules;
using VLPeft.Data;
using VLPeft.Data.Batching;
using VLPeft.Recipes;
using VLPeft.Training;
using VLPeft.VisionLanguage;
using static TorchSharp.torch;

namespace VLPeft.Experiments;

/// <summary>Visual question answering, as the trainer sees it.</summary>
internal sealed class VqaTask : ITrainingTask<VqaBatch>
{
    private readonly VqaSystem _system;
    private readonly VqaQuestions _train;
    private readonly VqaQuestions? _validation;
    private readonly VqaScorer _scorer;
    private readonly LengthBucketSampler _sampler;
    private readonly int[] _rows; // an epoch's questions, some more than once
    private readonly int _workers;

    public VqaTask(Recipe recipe, VqaSystem system, AnswerVocabulary answers, VqaQuestions train, VqaQuestions? validation)
    {
        (_system, _train, _validation) = (system, train, validation);
        _scorer = new VqaScorer(system, answers, recipe.Training);
        // Decoding pictures is worth threads of its own, gathering features is not.
        _workers = recipe.Vision.Train ? 1 : 0;
        _rows = [.. train.Split.Examples.SelectMany((example, row) => Enumerable.Repeat(row, recipe.Data.Repeat.Of(example.AnswerType)))];
        _sampler = new LengthBucketSampler(Array.ConvertAll(_rows, row => train.Lengths[row]), new SamplerOptions
        {
            BatchSize = recipe.Training.BatchSize,
            Seed = (ulong)recipe.Seed,
            BucketByLength = recipe.Training.BucketByLength,
        });
    }

    public IReadOnlyList<(string Name, Parameter Parameter)> TrainableParameters => _system.TrainableParameters;

    public int BatchesPerEpoch => _sampler.BatchesPerEpoch;

    public IEnumerable<VqaBatch> Batches(int epoch, int skip) =>
        Prefetcher.Run(_sampler.Epoch(epoch).Skip(skip), Batch, new PrefetchOptions { Workers = _workers });

    public Tensor Loss(VqaBatch batch) => VqaLoss.Of(_scorer.Logits(batch), batch.Targets!);

    public int Examples(VqaBatch batch) => batch.Questions.Length;

    public EvaluationResult Validate(CancellationToken cancellation)
    {
        if (_validation is null)
            return new EvaluationResult();
        VqaScores scores = _scorer.Score(_validation, cancellation);
        return new EvaluationResult(EvaluationResult.Accuracy(scores.Accuracy!.Overall.Unrounded), EvaluationResult.Loss(scores.Loss!.Value));
    }

    public void Train() => _system.Train();

    public void Eval() => _system.Eval();

    private VqaBatch Batch(ReadOnlyMemory<int> places)
    {
        int[] rows = places.ToArray();
        for (int i = 0; i < rows.Length; i++)
            rows[i] = _rows[rows[i]];
        return _train.Batch(rows);
    }
}
