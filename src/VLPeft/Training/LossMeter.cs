using TorchSharp;
using static TorchSharp.torch;

namespace VLPeft.Training;

/// <summary>
/// Reads the losses: at once on a CPU, where it costs nothing and a bad loss is caught before it reaches the weights; several at a time
/// from another device, which would have to finish its work for every one.
/// </summary>
/// <param name="window">Losses to gather before they are read.</param>
internal sealed class LossMeter(int window) : IDisposable
{
    private readonly List<(Tensor Loss, int Examples, long Step, double LearningRate)> pending = [];

    /// <summary>Sum of loss × examples since the log line before.</summary>
    public double Sum { get; set; }

    /// <summary>Examples since the log line before.</summary>
    public long Examples { get; set; }

    /// <summary>The last loss that was read.</summary>
    public double Latest { get; private set; } = double.NaN;

    /// <exception cref="TrainingDivergedException">A loss that was read is not finite.</exception>
    public void Add(Tensor loss, int examples, long step, double learningRate)
    {
        if (window == 1)
        {
            Take(loss.ToDouble(), examples, step, learningRate);
            return;
        }
        pending.Add((loss.detach().DetachFromDisposeScope(), examples, step, learningRate));
        if (pending.Count >= window)
            Read();
    }

    /// <summary>Waits for all losses given so far.</summary>
    /// <exception cref="TrainingDivergedException">A loss is not finite.</exception>
    public void Read()
    {
        if (pending.Count == 0)
            return;
        using var scope = NewDisposeScope();
        double[] values = stack(pending.Select(item => item.Loss.reshape([]))).to(float64).cpu().data<double>().ToArray();
        for (int i = 0; i < values.Length; i++)
            Take(values[i], pending[i].Examples, pending[i].Step, pending[i].LearningRate);
        Clear();
    }

    /// <summary>The mean loss over examples since the call before.</summary>
    public double TakeMean()
    {
        Read();
        double mean = Sum / Examples;
        (Sum, Examples) = (0, 0);
        return mean;
    }

    public void Dispose() => Clear();

    private void Take(double value, int examples, long step, double learningRate)
    {
        if (!double.IsFinite(value))
            throw new TrainingDivergedException($"the loss is {value}", step, learningRate);
        Sum += value * examples;
        Examples += examples;
        Latest = value;
    }

    private void Clear()
    {
        foreach (var item in pending)
            item.Loss.Dispose();
        pending.Clear();
    }
}
