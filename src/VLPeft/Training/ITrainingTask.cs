using TorchSharp.Modules;
using static TorchSharp.torch;

namespace VLPeft.Training;

/// <summary>All the trainer knows of a task: its parameters, its batches, its loss and its validation.</summary>
/// <typeparam name="TBatch">
/// One batch. When it is <see cref="IDisposable"/>, the trainer disposes it after use.
/// </typeparam>
/// <remarks>
/// Exact resume rests on this: batches and loss are the same whenever the same weights, the same epoch and place in it, and the same state
/// of torch's random generator (dropout) meet. So batches must not draw from that generator, and floating-point tensors that enter matrix
/// products must lie at aligned addresses, as libtorch's own do: <c>torch.tensor(array)</c> lies wherever the array is, and MKL's products
/// then differ in the last bit from run to run. Fill a tensor made by <c>torch.empty</c>, or clone.
/// </remarks>
public interface ITrainingTask<TBatch>
{
    /// <summary>The parameters to train, named, in an order that is the same in every run.</summary>
    IReadOnlyList<(string Name, Parameter Parameter)> TrainableParameters { get; }

    /// <summary>The number of batches of every epoch; at least 1.</summary>
    int BatchesPerEpoch { get; }

    /// <summary>
    /// The batches of an epoch from number <paramref name="skip"/> on, the same for the same seed and epoch; what is skipped should cost
    /// nothing. Called and read on the training thread, inside a dispose scope that ends with the batch: tensors that live longer must be
    /// detached from it.
    /// </summary>
    /// <param name="epoch">The epoch, from 0.</param>
    /// <param name="skip">Batches to leave out at the start.</param>
    IEnumerable<TBatch> Batches(int epoch, int skip);

    /// <summary>The loss to minimise: a scalar, the mean over the batch's examples, with its graph.</summary>
    Tensor Loss(TBatch batch);

    /// <summary>The number of examples in a batch: its weight when gradients of several batches are accumulated.</summary>
    int Examples(TBatch batch);

    /// <summary>Scores the current weights; called in evaluation mode, without gradients. Must not depend on earlier calls.</summary>
    /// <exception cref="OperationCanceledException">Cancelled; the trainer validates anew when the run goes on.</exception>
    EvaluationResult Validate(CancellationToken cancellation);

    /// <summary>Switches the model to training mode (dropout on).</summary>
    void Train();

    /// <summary>Switches the model to evaluation mode (dropout off).</summary>
    void Eval();
}
