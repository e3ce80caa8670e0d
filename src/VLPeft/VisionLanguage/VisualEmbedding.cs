using TorchSharp;
using TorchSharp.Modules;
using VLPeft.Models;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace VLPeft.VisionLanguage;

/// <summary>
/// VL-T5's embedding of image tokens (method.md §6): LN(Linear(features)) + LN(Linear(x1, x2, y1, y2, area)) + image order embedding + the token
/// embedding of id (vocabulary − 1 − object index); LN is the language model's kind. B batch, I images, N tokens an image, d width.
/// </summary>
public sealed class VisualEmbedding : Module<Tensor, Tensor?, Tensor>
{
    private const long BoxNumbers = 5;
    private readonly Sequential feat;
    private readonly Sequential pos;
    private readonly Embedding image_order;
    private readonly Func<Tensor, Tensor> _words; // not the model: it would be registered as a part of this
    private readonly long _featureWidth, _images, _vocabulary, _width;

    /// <summary>With fresh weights from torch's global generator: linear layers as torch has them, the order embedding N(0, 1).</summary>
    /// <param name="text">The language model, whose token embedding gives the objects' order; it stays the caller's.</param>
    /// <param name="featureWidth">d_v of the features.</param>
    /// <param name="images">The largest number of images in one sequence.</param>
    public VisualEmbedding(IEncoderDecoder text, long featureWidth, long images = 2) : base(nameof(VisualEmbedding))
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(featureWidth);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(images);
        (_words, _vocabulary, _width) = (text.WordEmbeddings, text.VocabularySize, text.Width);
        (_featureWidth, _images) = (featureWidth, images);
        feat = Sequential(Linear(featureWidth, text.Width), text.NewLayerNorm());
        pos = Sequential(Linear(BoxNumbers, text.Width), text.NewLayerNorm());
        image_order = Embedding(images, text.Width);
        RegisterComponents();
    }

    /// <summary>The image tokens, (B, I · N, d), one image behind the other.</summary>
    /// <param name="features">(B, I, N, d_v).</param>
    /// <param name="boxes">x1, x2, y1, y2 of each token, (B, I, N, 4); null for zeros.</param>
    /// <exception cref="ArgumentException">A shape is wrong, or there are more tokens than token ids.</exception>
    public override Tensor forward(Tensor features, Tensor? boxes)
    {
        Layers.Expect(features, "image features", "(B, I, N, d_v)", -1, -1, -1, _featureWidth);
        long batch = features.shape[0], images = features.shape[1], tokens = features.shape[2];
        if (images > _images)
            throw new ArgumentException($"{images} images were given; the embedding was made for {_images} at most.");
        if (tokens > _vocabulary)
            throw new ArgumentException($"{tokens} tokens an image need as many token ids; the language model has {_vocabulary}.");
        if (boxes is not null)
            Layers.Expect(boxes, "boxes", "(B, I, N, 4)", batch, images, tokens, 4);
        using var scope = NewDisposeScope();
        Tensor places = boxes is null ? zeros([1, 1, 1, BoxNumbers], features.dtype, features.device) : WithArea(boxes);
        Tensor objects = arange(Scalars.Of(_vocabulary - 1), Scalars.Of(_vocabulary - 1 - tokens), Scalars.Of(-1), ScalarType.Int64, features.device);
        Tensor embedded = feat.call(features).Plus(pos.call(places))
            .Plus(image_order.call(arange(Scalars.Of(images), ScalarType.Int64, features.device)).unsqueeze(1)) // (I, 1, d)
            .Plus(_words(objects.unsqueeze(0)).to(features.dtype)); // (1, N, d)
        return scope.MoveToOuter(embedded.reshape(batch, images * tokens, _width));
    }

    // (…, 4) → (…, 5)
    private static Tensor WithArea(Tensor boxes)
    {
        Tensor width = boxes.narrow(-1, 1, 1) - boxes.narrow(-1, 0, 1), height = boxes.narrow(-1, 3, 1) - boxes.narrow(-1, 2, 1);
        return cat([boxes, height * width], -1);
    }
}
