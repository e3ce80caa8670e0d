using VLPeft.VisionLanguage;
using static TorchSharp.torch;

namespace VLPeft.Experiments;

/// <summary>Some questions, ready for the model. B questions, T tokens.</summary>
/// <param name="Questions">Their numbers in the split.</param>
/// <param name="Ids">(B, T), padded to the longest.</param>
/// <param name="Mask">(B, T), or null when nothing is padded.</param>
/// <param name="Targets">Soft targets (B, answers); null when nothing is scored.</param>
/// <param name="Features">Stored image features; null when nothing of a picture is read, or the encoder trains.</param>
/// <param name="Pixels">The batch's different pictures (U, C, S, S), for an encoder that trains.</param>
/// <param name="PixelIndex">Which of them is each question's (B).</param>
internal sealed record VqaBatch(
    int[] Questions, Tensor Ids, Tensor? Mask, Tensor? Targets, ImageFeatures? Features, Tensor? Pixels, Tensor? PixelIndex) : IDisposable
{
    public void Dispose()
    {
        foreach (Tensor? tensor in new[] { Ids, Mask, Targets, Features?.Pooled, Features?.Tokens, Features?.Noise, Pixels, PixelIndex })
            tensor?.Dispose();
    }
}
