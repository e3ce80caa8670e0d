using static TorchSharp.torch;

namespace VLPeft.Experiments;

/// <summary>Some captions with their pictures, ready for the model. B captions, T tokens.</summary>
/// <param name="Ids">(B, T), padded with the end-of-text token: one at least behind every caption that was not cut.</param>
/// <param name="Mask">(B, T): 1 for a caption's own tokens.</param>
/// <param name="Images">Their pictures.</param>
internal sealed record CaptionBatch(Tensor Ids, Tensor Mask, BatchImages Images) : IDisposable
{
    public void Dispose()
    {
        Ids.Dispose();
        Mask.Dispose();
        Images.Dispose();
    }
}
