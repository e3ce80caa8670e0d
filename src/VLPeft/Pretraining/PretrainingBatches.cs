using VLPeft.Data.Batching;
using static TorchSharp.torch;

namespace VLPeft.Pretraining;

/// <summary>Seeded batches of example numbers, as int64 tensors.</summary>
internal sealed class PretrainingBatches(int examples, int batchSize, ulong seed)
{
    private readonly LengthBucketSampler _sampler = new(new int[examples], new SamplerOptions { BatchSize = batchSize, Seed = seed, BucketByLength = false });

    public int PerEpoch => _sampler.BatchesPerEpoch;

    public IEnumerable<Tensor> Epoch(int epoch, int skip)
    {
        foreach (ReadOnlyMemory<int> batch in _sampler.Epoch(epoch).Skip(skip))
            yield return tensor(Array.ConvertAll(batch.ToArray(), row => (long)row));
    }
}
