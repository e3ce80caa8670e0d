using TorchSharp;
using TorchSharp.Modules;
using VLPeft.Models;
using VLPeft.Peft;
using VLPeft.Recipes;
using static TorchSharp.torch;

namespace VLPeft.VisionLanguage;

/// <summary>
/// Visual question answering as classification (method.md §4): image features → x_R and visual prefix → language model with
/// bottlenecks → head. B batch, T text, P prefix tokens, d width.
/// </summary>
public sealed class VqaModel : nn.Module<Tensor, Tensor?, ImageFeatures?, Tensor>
{
    private readonly ITextEncoder _text;
    private readonly ReadoutKind _readout;

    /// <summary>Puts the parts together; bottlenecks are injected into the text encoder's module by the caller.</summary>
    /// <param name="text">The language model.</param>
    /// <param name="image">The way of the pictures to it.</param>
    /// <param name="head">The classifier.</param>
    /// <param name="readout">What the classifier reads.</param>
    /// <param name="feature">Where the bottlenecks find x_R.</param>
    /// <exception cref="InvalidInputException">The readout needs a pooler that the language model does not have.</exception>
    public VqaModel(ITextEncoder text, ImageSide image, VqaHead head, ReadoutKind readout, RoutingFeature feature) : base(nameof(VqaModel))
    {
        if (readout == ReadoutKind.Pooler && !text.HasPooler)
            throw new InvalidInputException("text.readout: 'pooler' was asked for, but the language model has no pooler; use first or mean.");
        (_text, Image, Head, _readout, Feature) = (text, image, head, readout, feature);
        register_module("text", text.Module);
        register_module("image", image);
        register_module("classifier", head);
    }

    /// <summary>The way of the pictures to the language model.</summary>
    public ImageSide Image { get; }

    /// <summary>The classifier.</summary>
    public VqaHead Head { get; }

    /// <summary>Where the bottlenecks find x_R.</summary>
    public RoutingFeature Feature { get; }

    /// <summary>
    /// Prompt tuning's vectors, which the layers read beside the embedded text; null without any. They have no positions and stand behind it, so that what
    /// the classifier reads stays where it is.
    /// </summary>
    public PromptVectors? Prompt { get; set; }

    /// <summary>True when whatever is attached to the last layer acts on each position for itself, so that position 0 alone may be computed there.</summary>
    public bool LastLayerIsPositionWise { get; set; }

    /// <summary>Logits over the answers.</summary>
    /// <param name="ids">(B, T), int64, padded.</param>
    /// <param name="mask">(B, T), 1 for tokens; null when nothing is padded.</param>
    /// <param name="features">The pictures; null is fine when nothing of them is read.</param>
    /// <returns>(B, answers).</returns>
    public override Tensor forward(Tensor ids, Tensor? mask, ImageFeatures? features) => Head.call(Read(Hidden(ids, mask, features, out Tensor? whole), whole));

    /// <summary>The last hidden states (B, P + T, d), all positions: for analysis and tests.</summary>
    public Tensor HiddenStates(Tensor ids, Tensor? mask, ImageFeatures? features)
    {
        (Tensor embedded, Tensor? whole, Tensor? routing) = Embed(ids, mask, features);
        return Encode(embedded, whole, routing, OutputPositions.All);
    }

    private Tensor Hidden(Tensor ids, Tensor? mask, ImageFeatures? features, out Tensor? whole)
    {
        (Tensor embedded, whole, Tensor? routing) = Embed(ids, mask, features);
        bool first = _readout != ReadoutKind.Mean && LastLayerIsPositionWise && (routing is null || routing.size(1) == 1);
        return Encode(embedded, whole, routing, first ? OutputPositions.First : OutputPositions.All);
    }

    private Tensor Encode(Tensor embedded, Tensor? mask, Tensor? routing, OutputPositions positions)
    {
        using IDisposable? use = routing is null ? null : Feature.Use(routing);
        if (Prompt is null)
            return _text.Encode(embedded, mask, positions);
        Tensor? whole = mask is null ? null : cat([mask, ones(mask.size(0), Prompt.Length, mask.dtype, mask.device)], 1);
        Tensor hidden = _text.Encode(Prompt.Behind(embedded), whole, positions);
        return positions == OutputPositions.First ? hidden : hidden.narrow(1, 0, embedded.size(1));
    }

    private (Tensor Embedded, Tensor? Mask, Tensor? Routing) Embed(Tensor ids, Tensor? mask, ImageFeatures? features)
    {
        (Tensor? routing, Tensor? prefix) = Image.Compute(features, ids.size(0));
        if (prefix is null)
            return (_text.Embed(ids), mask, routing);
        Tensor? whole = ImageSide.PrefixedMask(prefix, mask);
        Tensor words = Image.Options.Prefix == PrefixKind.Reference
            ? _text.Embed(ids) // embedded here and once more below, as the reference does
            : _text.WordEmbeddings(ids);
        return (_text.EmbedFromInputs(cat([prefix, words], 1)), whole, routing);
    }

    private Tensor Read(Tensor hidden, Tensor? mask) => _readout switch
    {
        ReadoutKind.Pooler => _text.Pool(hidden),
        ReadoutKind.First => hidden.select(1, 0),
        ReadoutKind.Mean => mask is null ? hidden.mean([1]) : MaskedMean(hidden, mask.unsqueeze(2).to(hidden.dtype)),
        _ => throw new InvalidOperationException($"no readout {_readout}."),
    };

    private static Tensor MaskedMean(Tensor hidden, Tensor mask) => (hidden * mask).sum(1) / mask.sum(1);
}
