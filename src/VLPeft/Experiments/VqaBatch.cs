using static TorchSharp.torch;

namespace VLPeft.Experiments;

/// <summary>Some questions, ready for the model. B questions, T tokens.</summary>
/// <param name="Questions">Their numbers in the split.</param>
/// <param name="Ids">(B, T), padded to the longest.</param>
/// <param name="Mask">(B, T), or null when nothing is padded.</param>
/// <param name="Targets">Soft targets (B, answers); null when nothing is scored.</param>
/// <param name="Images">Their pictures.</param>
internal sealed record VqaBatch(int[] Questions, Tensor Ids, Tensor? Mask, Tensor? Targets, BatchImages Images) : IDisposable
{
    public void Dispose()
    {
        foreach (Tensor? tensor in new[] { Ids, Mask, Targets })
            tensor?.Dispose();
        Images.Dispose();
    }
}
