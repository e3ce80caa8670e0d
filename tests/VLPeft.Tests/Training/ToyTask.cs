using TorchSharp;
using TorchSharp.Modules;
using VLPeft.Training;
using Xunit;
using static TorchSharp.torch;

namespace VLPeft.Tests.Training;

/// <summary>Torch's random generator is one for the process: tests that draw from it while they compare bits run alone.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class Alone
{
    public const string Name = "torch random generator";
}

/// <summary>A folder that goes with the test; in memory where there is such a place, as these tests write thousands of files.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    private const string Memory = "/dev/shm";

    public string Path { get; } = Directory.CreateDirectory(
        System.IO.Path.Combine(Directory.Exists(Memory) ? Memory : System.IO.Path.GetTempPath(), $"vlpeft-{Guid.NewGuid():N}")).FullName;

    public string this[string name] => System.IO.Path.Combine(Path, name);

    public void Dispose() => Directory.Delete(Path, recursive: true);
}

/// <summary>Regression with a two-layer network and dropout on made-up data, all of it decided by seeds of its own.</summary>
internal sealed class ToyTask : ITrainingTask<int[]>, IDisposable
{
    private const int Width = 6;
    private readonly Sequential model;
    private readonly Tensor inputs;
    private readonly Tensor targets;
    private readonly int examples;
    private readonly int batchSize;

    public ToyTask(int examples = 20, int batchSize = 4, double dropout = 0.25, int hidden = 5)
    {
        set_num_threads(1);
        (this.examples, this.batchSize) = (examples, batchSize);
        var random = new Random(7);
        model = nn.Sequential(
            ("first", nn.Linear(Width, hidden)), ("relu", nn.ReLU()), ("dropout", nn.Dropout(dropout)), ("second", nn.Linear(hidden, 1)));
        using var _ = no_grad();
        foreach (Parameter parameter in model.parameters())
            parameter.copy_(tensor(Numbers(random, parameter.numel(), 0.5)).reshape(parameter.shape));
        // Cloned: a tensor over a managed array is aligned differently in every run, and matrix products then differ in the last bit.
        inputs = tensor(Numbers(random, examples * Width, 1)).reshape(examples, Width).clone().DetachFromDisposeScope();
        targets = tensor(Numbers(random, examples, 1)).reshape(examples, 1).clone().DetachFromDisposeScope();
    }

    public Func<int, EvaluationResult>? OnValidate { get; set; }

    public Func<int[], Tensor, Tensor>? OnLoss { get; set; }

    public int Validations { get; private set; }

    public bool IsTraining => model.training;

    public List<int[]> Seen { get; } = [];

    public IReadOnlyList<(string Name, Parameter Parameter)> TrainableParameters =>
        [.. model.named_parameters().Select(item => (item.name, item.parameter))];

    public int BatchesPerEpoch => (examples + batchSize - 1) / batchSize;

    public IEnumerable<int[]> Batches(int epoch, int skip)
    {
        int[] order = [.. Enumerable.Range(0, examples)];
        new Random(epoch).Shuffle(order);
        return order.Chunk(batchSize).Skip(skip);
    }

    public Tensor Loss(int[] batch)
    {
        Seen.Add(batch);
        Assert.True(model.training);
        Tensor rows = tensor(batch.Select(i => (long)i).ToArray());
        Tensor loss = nn.functional.mse_loss(model.call(inputs[rows]), targets[rows]);
        return OnLoss?.Invoke(batch, loss) ?? loss;
    }

    public int Examples(int[] batch) => batch.Length;

    /// <summary>Loss and "accuracy" on all data; draws random numbers, which must not matter.</summary>
    public EvaluationResult Validate(CancellationToken cancellation)
    {
        Assert.False(model.training);
        Assert.False(is_grad_enabled());
        Validations++;
        if (OnValidate is not null)
            return OnValidate(Validations);
        rand(3);
        Tensor error = (model.call(inputs) - targets).abs();
        return new EvaluationResult(
            EvaluationResult.Loss(error.pow(Scalars.Of(2)).mean().ToDouble()),
            EvaluationResult.Accuracy(error.less(0.5).to(float64).mean().ToDouble()));
    }

    public void Train() => model.train();

    public void Eval() => model.eval();

    public void Dispose()
    {
        model.Dispose();
        inputs.Dispose();
        targets.Dispose();
    }

    public double[] Weights() =>
        [.. TrainableParameters.SelectMany(item => item.Parameter.data<float>().ToArray()).Select(value => (double)value)];

    private static float[] Numbers(Random random, long count, double scale) =>
        [.. Enumerable.Range(0, (int)count).Select(_ => (float)((random.NextDouble() * 2 - 1) * scale))];
}

/// <summary>Keeps what it is told.</summary>
internal sealed class RecordingProgress : IProgressReporter
{
    public List<StepReport> Steps { get; } = [];

    public List<string> Events { get; } = [];

    public Action<StepReport>? OnStep { get; init; }

    public void Started(long totalSteps, long resumedAt) => Events.Add($"started {totalSteps} {resumedAt}");

    public void Step(StepReport step)
    {
        Steps.Add(step);
        OnStep?.Invoke(step);
    }

    public void Validated(long step, EvaluationResult result, IReadOnlyList<string> improved) =>
        Events.Add($"validated {step} [{string.Join(",", improved)}]");

    public void Finished(TrainingOutcome outcome) => Events.Add($"finished {outcome.Status} {outcome.Steps}");

    public void Message(string text) => Events.Add(text);
}
