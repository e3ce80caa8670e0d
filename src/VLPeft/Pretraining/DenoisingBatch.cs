using VLPeft.Data.Batching;

namespace VLPeft.Pretraining;

/// <summary>A batch of texts with their noisy form.</summary>
/// <param name="Noisy">What the encoder reads, (B, S).</param>
/// <param name="Texts">What the decoder must say, (B, T).</param>
internal sealed record DenoisingBatch(PaddedBatch Noisy, PaddedBatch Texts) : IDisposable
{
    public void Dispose()
    {
        Noisy.Dispose();
        Texts.Dispose();
    }
}
