using static TorchSharp.torch;

namespace VLPeft.VisionLanguage;

/// <summary>What a vision encoder, a cache or a file knows of a batch of pictures. B batch, V vision tokens, d_v the encoder's width.</summary>
/// <param name="Pooled">(B, 1, d_v), or null when it isn't needed.</param>
/// <param name="Tokens">(B, V, d_v), or null when they aren't needed.</param>
/// <param name="Noise">(B, 1, d), for the noise ablation only: fixed for each picture.</param>
public sealed record ImageFeatures(Tensor? Pooled, Tensor? Tokens = null, Tensor? Noise = null);
