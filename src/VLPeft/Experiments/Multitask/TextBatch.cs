using VLPeft.VisionLanguage;
using static TorchSharp.torch;

namespace VLPeft.Experiments;

/// <summary>Some requests of one task, ready for the model. B rows, T tokens, Q target tokens, I pictures a row.</summary>
/// <param name="Ids">(B, T), padded.</param>
/// <param name="Mask">(B, T), or null when nothing is padded.</param>
/// <param name="Labels">(B, Q), <see cref="EncoderDecoderLoss.Ignored"/> behind the end; null for requests.</param>
/// <param name="Weights">(B), of the rows' losses; null for requests.</param>
/// <param name="Images">Their pictures, one row's behind the other's.</param>
internal sealed record TextBatch(Tensor Ids, Tensor? Mask, Tensor? Labels, Tensor? Weights, BatchImages Images) : IDisposable
{
    /// <summary>The image tokens, (B, I, N, d_v).</summary>
    public ImageTokens Tokens
    {
        get
        {
            Tensor tokens = Images.Features!.Tokens!; // (B · I, N, d_v)
            return new ImageTokens(tokens.view(Ids.shape[0], -1, tokens.shape[1], tokens.shape[2]));
        }
    }

    public void Dispose()
    {
        foreach (Tensor? tensor in new[] { Ids, Mask, Labels, Weights })
            tensor?.Dispose();
        Images.Dispose();
    }
}
