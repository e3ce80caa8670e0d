using TorchSharp.Modules;
using VLPeft.Data;
using VLPeft.Data.Batching;
using VLPeft.Recipes;
using VLPeft.Training;
using static TorchSharp.torch;

namespace VLPeft.Experiments;

/// <summary>Several tasks, as the trainer sees them: a batch is of one of them; validation by each task's score, their mean and the mean loss.</summary>
internal sealed class MultitaskTask : ITrainingTask<TextBatch>
{
    private readonly Recipe _recipe;
    private readonly MultitaskExperiment _experiment;
    private readonly TaskTexts[] _train;
    private readonly MultitaskSampler _sampler;
    private readonly int _workers;

    public MultitaskTask(Recipe recipe, MultitaskExperiment experiment)
    {
        (_recipe, _experiment) = (recipe, experiment);
        _train = [.. experiment.Tasks.Select(task => task.Rows(Split.Train))];
        // Reading HDF5 files is worth a thread of its own, gathering from memory is not.
        _workers = recipe.Multitask.Tasks.Any(task => task.Features.Count > 0) || recipe.Vision.Features.Hdf5.Count > 0 ? 1 : 0;
        _sampler = new MultitaskSampler([.. _train.Select(SamplerOf)], recipe.Multitask.Mixing, (ulong)recipe.Seed);
    }

    public IReadOnlyList<(string Name, Parameter Parameter)> TrainableParameters => _experiment.System.TrainableParameters;

    public int BatchesPerEpoch => _sampler.BatchesPerEpoch;

    /// <summary>How much there is to learn of each task.</summary>
    public string Sizes => string.Join("; ", _experiment.Tasks.Select((task, i) =>
        $"{TextTasks.Name(task.Kind)} {_train[i].Lengths.Length:N0} in {_sampler.BatchesOf(i):N0} batches an epoch"));

    public IEnumerable<TextBatch> Batches(int epoch, int skip) => Prefetcher.Run(
        _sampler.Epoch(epoch, skip), batch => _train[batch.Task].Batch(batch.Examples, batch.Pass), new PrefetchOptions { Workers = _workers });

    public Tensor Loss(TextBatch batch) => _experiment.Measure.Loss(batch);

    public int Examples(TextBatch batch) => (int)batch.Ids.shape[0];

    public EvaluationResult Validate(CancellationToken cancellation)
    {
        TaskInstance[] tasks = [.. _experiment.Tasks.Where(task => task.Data.Has(Split.Validation))];
        if (tasks.Length == 0)
            return new EvaluationResult();
        var scores = new List<Metric>();
        double loss = 0;
        foreach (TaskInstance task in tasks)
        {
            int limit = task.Kind == TextTask.Caption ? _recipe.Caption.CiderImages : _recipe.Multitask.ValidationExamples;
            string[] said = _experiment.Measure.Say(
                task.Requests(Split.Validation), _experiment.Measure.OptionsOf(task.Kind, greedy: true), limit, _experiment.Measure.BatchOf(task.Kind), null, cancellation);
            if (task.Data.Score(Split.Validation, said, thorough: false) is { } score)
                scores.Add(new Metric(TextTasks.Name(task.Kind), score.Score, MetricDirection.HigherIsBetter));
            loss += _experiment.Measure.MeanLoss(task.Rows(Split.Validation), task.Kind == TextTask.Caption ? 0 : limit, cancellation);
        }
        double mean = scores.Count == 0 ? double.NaN : scores.Average(metric => metric.Value);
        return new EvaluationResult(
            [new Metric("mean", mean, MetricDirection.HigherIsBetter), EvaluationResult.Loss(loss / tasks.Length), .. scores]);
    }

    public void Train() => _experiment.System.Train();

    public void Eval() => _experiment.System.Eval();

    private LengthBucketSampler SamplerOf(TaskTexts texts, int task) => new(texts.Lengths, new SamplerOptions
    {
        BatchSize = _recipe.Training.BatchSize,
        Seed = DeterministicRandom.Mix((ulong)_recipe.Seed, (ulong)task),
        BucketByLength = _recipe.Training.BucketByLength,
    });
}
