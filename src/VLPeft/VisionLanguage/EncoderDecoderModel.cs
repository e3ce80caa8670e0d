using TorchSharp;
using VLPeft.Generation;
using VLPeft.Models;
using VLPeft.Peft;
using static TorchSharp.torch;

namespace VLPeft.VisionLanguage;

/// <summary>Image tokens of a batch, as an encoder made them.</summary>
/// <param name="Features">(B, I, N, d_v): I images of N tokens.</param>
/// <param name="Boxes">x1, x2, y1, y2 of each token, (B, I, N, 4); null for zeros.</param>
public sealed record ImageTokens(Tensor Features, Tensor? Boxes = null);

/// <summary>
/// A multimodal encoder-decoder in VL-Adapter's form (method.md §6): text, and behind it image tokens, through one encoder; the decoder answers. Routing: x_R
/// is the mean over unmasked positions of what an encoder layer's attention reads, and in the decoder that of the encoder's output. B batch, T text,
/// S all encoder positions, Q target positions, d width.
/// </summary>
public sealed class EncoderDecoderModel : nn.Module<Tensor, Tensor?, ImageTokens?, Tensor, Tensor>
{
    private readonly IEncoderDecoder _text;
    private readonly bool _routed;

    /// <summary>Puts the parts together; bottlenecks are injected into the language model by the caller.</summary>
    /// <param name="text">The language model.</param>
    /// <param name="visual">The embedding of image tokens.</param>
    /// <param name="feature">Where the bottlenecks find x_R.</param>
    /// <param name="routed">Whether any bottleneck reads it; pooling is left out otherwise.</param>
    public EncoderDecoderModel(IEncoderDecoder text, VisualEmbedding visual, RoutingFeature feature, bool routed) : base(nameof(EncoderDecoderModel))
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentNullException.ThrowIfNull(visual);
        ArgumentNullException.ThrowIfNull(feature);
        (_text, Visual, Feature, _routed) = (text, visual, feature, routed);
        register_module("text", text.Module);
        register_module("visual_embedding", visual);
    }

    /// <summary>The language model.</summary>
    public IEncoderDecoder Text => _text;

    /// <summary>The embedding of image tokens.</summary>
    public VisualEmbedding Visual { get; }

    /// <summary>Where the bottlenecks find x_R.</summary>
    public RoutingFeature Feature { get; }

    /// <summary>Prompt tuning's vectors, which stand in front of the embedded text and which the decoder reads too; null without any.</summary>
    public PromptVectors? Prompt { get; set; }

    /// <summary>Logits of the token after each target position.</summary>
    /// <param name="ids">The text, (B, T), int64, padded.</param>
    /// <param name="mask">(B, T), 1 for the text's own tokens; null when nothing is padded.</param>
    /// <param name="images">The image tokens; null for text alone.</param>
    /// <param name="targets">From the start token on, (B, Q), int64, padded.</param>
    /// <returns>(B, Q, vocabulary).</returns>
    /// <exception cref="ArgumentException">A shape is wrong, an id is outside the vocabulary, or there are more positions than the model has.</exception>
    public override Tensor forward(Tensor ids, Tensor? mask, ImageTokens? images, Tensor targets)
    {
        using var scope = NewDisposeScope();
        (Tensor states, Tensor? whole) = Encode(ids, mask, images);
        using EncoderMemory memory = new(states, whole);
        using IDisposable? use = _routed ? Feature.Use(Pooled(states, whole)) : null;
        return scope.MoveToOuter(_text.Logits(_text.Decode(targets, memory)));
    }

    /// <summary>Starts to decode, one row an example; nothing is recorded for a backward pass.</summary>
    /// <param name="ids">(B, T), int64, padded.</param>
    /// <param name="mask">(B, T), 1 for the text's own tokens; null when nothing is padded.</param>
    /// <param name="images">The image tokens; null for text alone.</param>
    /// <param name="maxLength">The largest number of target tokens, the start token included.</param>
    /// <exception cref="ArgumentException">A shape is wrong, or there are more positions than the model has.</exception>
    /// <exception cref="InvalidOperationException">The model is in train mode, where dropout would change what is decoded.</exception>
    public IDecoderSession BeginDecoding(Tensor ids, Tensor? mask, ImageTokens? images, int maxLength)
    {
        if (training)
            throw new InvalidOperationException("decoding needs the model in eval mode.");
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(maxLength);
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        (Tensor states, Tensor? whole) = Encode(ids, mask, images);
        return new EncoderDecoderSession(_text, Feature, states, whole, _routed ? Pooled(states, whole) : null, maxLength);
    }

    // The encoder's output (B, S, d) and the mask over all its positions (B, S).
    private (Tensor States, Tensor? Mask) Encode(Tensor ids, Tensor? mask, ImageTokens? images)
    {
        ArgumentNullException.ThrowIfNull(ids);
        using var scope = NewDisposeScope();
        Tensor hidden = _text.Embed(ids);
        if (mask is not null)
            Layers.Expect(mask, "the text's mask", "(B, T)", ids.shape[0], ids.shape[1]);
        if (images is not null)
        {
            Tensor seen = Visual.call(images.Features, images.Boxes);
            if (seen.shape[0] != ids.shape[0])
                throw new ArgumentException($"there are {ids.shape[0]} texts, but images for {seen.shape[0]}.");
            hidden = cat([hidden, seen.to(hidden.dtype)], 1);
            mask = mask is null ? null : cat([mask, ones([seen.shape[0], seen.shape[1]], mask.dtype, mask.device)], 1);
        }
        if (Prompt is not null)
        {
            hidden = Prompt.InFrontOf(hidden);
            mask = mask is null ? null : cat([ones([mask.shape[0], Prompt.Length], mask.dtype, mask.device), mask], 1);
        }
        using var routing = new LayerRouting(Feature);
        Tensor? read = mask;
        Tensor states = _text.Encode(hidden, mask, ids.shape[1] + (Prompt?.Length ?? 0), _routed ? input => routing.Set(Pooled(input, read)) : null);
        return (scope.MoveToOuter(states), mask is null ? null : scope.MoveToOuter(mask));
    }

    // The mean over unmasked positions, (B, S, d) → (B, 1, d).
    private static Tensor Pooled(Tensor hidden, Tensor? mask)
    {
        if (mask is null)
            return hidden.mean([1], keepdim: true);
        Tensor weights = mask.to(hidden.dtype).unsqueeze(2); // (B, S, 1)
        return (hidden * weights).sum(1, keepdim: true) / weights.sum(1, keepdim: true).clamp_min(Scalars.One);
    }

    // x_R of the layer that is running: each layer sets its own. It outlives the dispose scope of whatever set it, since the layer's feed-forward reads it, too.
    private sealed class LayerRouting(RoutingFeature feature) : IDisposable
    {
        private IDisposable? _use;
        private Tensor? _pooled;

        public void Set(Tensor pooled)
        {
            Dispose();
            _pooled = pooled.DetachFromDisposeScope();
            _use = feature.Use(pooled);
        }

        public void Dispose()
        {
            _use?.Dispose();
            _pooled?.Dispose();
        }
    }
}
