using TorchSharp;
using VLPeft.Generation;
using VLPeft.Models.Gpt2;
using VLPeft.Peft;
using VLPeft.Recipes;
using static TorchSharp.torch;

namespace VLPeft.VisionLanguage;

/// <summary>
/// Captioning with a decoder (method.md §5): image features → x_R and visual prefix → GPT-2 with bottlenecks → logits of the next token.
/// B batch, T text, P prefix tokens, d width.
/// </summary>
public sealed class CaptionModel : nn.Module<Tensor, Tensor?, ImageFeatures?, Tensor>
{
    /// <summary>Puts the parts together; bottlenecks are injected into the language model by the caller.</summary>
    /// <param name="text">The language model.</param>
    /// <param name="image">The way of the pictures to it.</param>
    /// <param name="feature">Where the bottlenecks find x_R.</param>
    /// <exception cref="InvalidInputException">The image side has no prefix of a single embedding, from which captions start.</exception>
    public CaptionModel(Gpt2Model text, ImageSide image, RoutingFeature feature) : base(nameof(CaptionModel))
    {
        ArgumentNullException.ThrowIfNull(image);
        if (image.Options.Prefix != PrefixKind.Single)
            throw new InvalidInputException($"text.prefix: a caption starts from a visual prefix that is embedded once; use single, not {image.Options.Prefix.ToString().ToLowerInvariant()}.");
        (Text, Image, Feature) = (text, image, feature);
        register_module("text", text);
        register_module("image", image);
    }

    /// <summary>The language model.</summary>
    public Gpt2Model Text { get; }

    /// <summary>The way of the pictures to the language model.</summary>
    public ImageSide Image { get; }

    /// <summary>Where the bottlenecks find x_R.</summary>
    public RoutingFeature Feature { get; }

    /// <summary>Prompt tuning's vectors, which stand in front of the visual prefix; null without any.</summary>
    public PromptVectors? Prompt { get; set; }

    /// <summary>Logits of the token after each position of prefix and caption.</summary>
    /// <param name="ids">(B, T), int64, padded.</param>
    /// <param name="mask">(B, T), 1 for a caption's own tokens; null when nothing is padded.</param>
    /// <param name="features">The pictures; null is fine when nothing of them is read.</param>
    /// <returns>(B, P + T, vocabulary).</returns>
    /// <exception cref="ArgumentException">A shape is wrong, an id is outside the vocabulary, or P + T exceeds the model's positions.</exception>
    public override Tensor forward(Tensor ids, Tensor? mask, ImageFeatures? features)
    {
        using var scope = NewDisposeScope();
        Tensor words = Text.WordEmbeddings(ids);
        (Tensor? routing, Tensor? prefix) = Image.Compute(features, ids.size(0));
        using IDisposable? use = routing is null ? null : Feature.Use(routing);
        Tensor front = Front(prefix!);
        Tensor hidden = Text.Encode(cat([front, words], 1), ImageSide.PrefixedMask(front, mask));
        long prompt = Prompt?.Length ?? 0;
        return scope.MoveToOuter(Text.Logits(prompt == 0 ? hidden : hidden.narrow(1, prompt, hidden.size(1) - prompt)));
    }

    /// <summary>Starts the decoding of captions, one row a picture; nothing is recorded for a backward pass.</summary>
    /// <param name="features">The pictures; null is fine when nothing of them is read.</param>
    /// <param name="images">B.</param>
    /// <param name="maxLength">The largest number of tokens that will be fed after the prefix.</param>
    /// <exception cref="ArgumentException">A feature has another shape, or prefix and tokens exceed the model's positions.</exception>
    /// <exception cref="InvalidOperationException">The model is in train mode, where dropout would change what is decoded.</exception>
    public IDecoderSession BeginDecoding(ImageFeatures? features, int images, int maxLength)
    {
        if (training)
            throw new InvalidOperationException("decoding needs the model in eval mode.");
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(images);
        ArgumentOutOfRangeException.ThrowIfNegative(maxLength);
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        (Tensor? routing, Tensor? prefix) = Image.Compute(features, images);
        return new CaptionSession(Text, Feature, Front(prefix!), routing, maxLength);
    }

    private Tensor Front(Tensor prefix) => Prompt is null ? prefix : Prompt.InFrontOf(prefix);
}
