namespace VLPeft.Training;

/// <summary>The batches of all epochs, one after the other, from a place on.</summary>
internal sealed class BatchSource<TBatch>(ITrainingTask<TBatch> task, int epoch, int position) : IDisposable
{
    private readonly int perEpoch = task.BatchesPerEpoch;
    private int epoch = epoch;
    private int position = position;
    private IEnumerator<TBatch>? batches;

    /// <summary>Whether the next batch begins an epoch; an optimizer step ends there.</summary>
    public bool AtEpochStart => position == 0;

    public TBatch Next()
    {
        batches ??= task.Batches(epoch, position).GetEnumerator();
        if (!batches.MoveNext())
            throw new InvalidOperationException($"The task announced {perEpoch} batches an epoch, but gave {position} in epoch {epoch}.");
        TBatch batch = batches.Current;
        if (++position == perEpoch)
        {
            Dispose();
            (epoch, position) = (epoch + 1, 0);
        }
        return batch;
    }

    public void Dispose()
    {
        batches?.Dispose();
        batches = null;
    }
}
