using static TorchSharp.torch;

namespace VLPeft.Models;

/// <summary>What a text encoder computes. B batch, T text positions, d width.</summary>
/// <param name="LastHiddenState">The last layer's output, (B, T, d).</param>
/// <param name="Pooled">The pooler's output at position 0, (B, d); null when the model has no pooler.</param>
public sealed record TextOutput(Tensor LastHiddenState, Tensor? Pooled);

/// <summary>
/// A text backbone in the pieces that routing needs: <see cref="Embed"/> tokens, put a visual prefix in front, embed again with
/// <see cref="EmbedFromInputs"/> where the reference does so (method.md §4), <see cref="Encode"/> and <see cref="Pool"/>.
/// </summary>
public interface ITextEncoder
{
    /// <summary>d: the width of every hidden state.</summary>
    long Width { get; }

    /// <summary>The number of token ids; ids are 0 … size − 1.</summary>
    long VocabularySize { get; }

    /// <summary>The largest T, visual prefix included.</summary>
    long MaxLength { get; }

    /// <summary>The id that pads questions.</summary>
    long PadId { get; }

    /// <summary>The activation of the feed-forward layers, which adapters take over.</summary>
    HiddenActivation Activation { get; }

    /// <summary>Where bottlenecks go by default.</summary>
    PeftTargets PeftTargets { get; }

    /// <summary>Whether <see cref="Pool"/> can be called.</summary>
    bool HasPooler { get; }

    /// <summary>The configuration as Hugging Face's config.json.</summary>
    string ConfigJson { get; }

    /// <summary>The network itself: its parameters carry the checkpoint's names.</summary>
    nn.Module Module { get; }

    /// <summary>The bare rows of the word embedding, (B, T) int64 → (B, T, d): no positions, no LayerNorm.</summary>
    /// <exception cref="ArgumentException">
    /// Wrong shape or type, T beyond <see cref="MaxLength"/>, or an id outside the vocabulary.
    /// </exception>
    Tensor WordEmbeddings(Tensor ids);

    /// <summary>The embedding layer: word, position and type embedding, LayerNorm, dropout.</summary>
    /// <param name="ids">(B, T), int64.</param>
    /// <param name="tokenTypeIds">(B, T), int64; null means type 0 everywhere.</param>
    /// <returns>(B, T, d).</returns>
    /// <exception cref="ArgumentException">Wrong shape or type, T beyond <see cref="MaxLength"/>, or an id outside its range.</exception>
    Tensor Embed(Tensor ids, Tensor? tokenTypeIds = null);

    /// <summary>
    /// The embedding layer over given vectors in place of word embeddings: sequential positions, type embedding, LayerNorm, dropout.
    /// </summary>
    /// <param name="inputsEmbeds">(B, T, d).</param>
    /// <param name="tokenTypeIds">(B, T), int64; null means type 0 everywhere.</param>
    /// <returns>(B, T, d).</returns>
    /// <exception cref="ArgumentException">Wrong shape or type, or T beyond <see cref="MaxLength"/>.</exception>
    Tensor EmbedFromInputs(Tensor inputsEmbeds, Tensor? tokenTypeIds = null);

    /// <summary>All transformer layers.</summary>
    /// <param name="hidden">Output of the embedding layer, (B, T, d).</param>
    /// <param name="mask">
    /// (B, T), 1 for tokens and 0 for padding, integer, floating or bool; null when nothing is padded, which is faster.
    /// </param>
    /// <param name="positions">
    /// <see cref="OutputPositions.First"/> when only position 0 is read. Whatever is attached to the last layer must then act on each
    /// position for itself, since it sees that one alone (routing function <c>self-matmul</c> does not).
    /// </param>
    /// <returns>(B, T, d), or (B, 1, d) for <see cref="OutputPositions.First"/>.</returns>
    /// <exception cref="ArgumentException">Wrong shape or T beyond <see cref="MaxLength"/>.</exception>
    Tensor Encode(Tensor hidden, Tensor? mask, OutputPositions positions = OutputPositions.All);

    /// <summary>The pooler at position 0, tanh(dense(hidden[:, 0])): (B, T, d) → (B, d).</summary>
    /// <exception cref="InvalidOperationException">The model was loaded without a pooler.</exception>
    Tensor Pool(Tensor hidden);
}
