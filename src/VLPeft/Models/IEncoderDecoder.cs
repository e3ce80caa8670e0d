using TorchSharp;
using VLPeft.Peft;
using static TorchSharp.torch;

namespace VLPeft.Models;

/// <summary>
/// A text encoder-decoder in the pieces that vision-language models need: text is embedded, other vectors are put beside it, the encoder runs over all,
/// the decoder reads what comes out. B batch, T text, S all encoder positions, Q new target positions, d width.
/// </summary>
public interface IEncoderDecoder
{
    /// <summary>The network, with the parameter names of its checkpoints.</summary>
    nn.Module Module { get; }

    /// <summary>The configuration as Hugging Face's config.json.</summary>
    string ConfigJson { get; }

    /// <summary>d.</summary>
    long Width { get; }

    /// <summary>Number of token ids.</summary>
    long VocabularySize { get; }

    /// <summary>The largest number of text tokens, and of target tokens; null when positions are relative and there is none.</summary>
    long? MaxLength { get; }

    /// <summary>The token that a target starts with (decoder_start_token_id).</summary>
    long StartId { get; }

    /// <summary>The token that ends a target.</summary>
    long EndId { get; }

    /// <summary>The token of padding.</summary>
    long PaddingId { get; }

    /// <summary>Where bottlenecks go by default.</summary>
    EncoderDecoderTargets PeftTargets { get; }

    /// <summary>The activation that adapters take by default: VL-Adapter's for this model.</summary>
    HiddenActivation AdapterActivation { get; }

    /// <summary>A fresh normalisation of d-wide vectors of the model's own kind, for what is put beside its text; one parameter "weight" or more.</summary>
    nn.Module<Tensor, Tensor> NewLayerNorm();

    /// <summary>The rows of the word embedding, (B, T) int64 → (B, T, d).</summary>
    /// <exception cref="ArgumentException">Wrong shape or type, or an id outside the vocabulary.</exception>
    Tensor WordEmbeddings(Tensor ids);

    /// <summary>What the encoder takes of a text, (B, T) int64 → (B, T, d): with positions and normalisation where the model has them.</summary>
    /// <exception cref="ArgumentException">Wrong shape or type, T beyond <see cref="MaxLength"/>, or an id outside the vocabulary.</exception>
    Tensor Embed(Tensor ids);

    /// <summary>All encoder layers.</summary>
    /// <param name="hidden">Embedded text, and behind it what else the encoder reads, (B, S, d).</param>
    /// <param name="mask">(B, S), 1 for what is read and 0 for padding; null when nothing is padded.</param>
    /// <param name="textLength">T ≤ S: how many positions are text (relative positions are those of the text alone).</param>
    /// <param name="attentionInput">Told, before each layer's self-attention reads it, what it reads, (B, S, d).</param>
    /// <returns>(B, S, d).</returns>
    /// <exception cref="ArgumentException">A shape is wrong.</exception>
    Tensor Encode(Tensor hidden, Tensor? mask, long textLength, Action<Tensor>? attentionInput = null);

    /// <summary>All decoder layers.</summary>
    /// <param name="ids">Target tokens, from <see cref="StartId"/> on, (B, Q), int64.</param>
    /// <param name="memory">What the encoder made.</param>
    /// <param name="cache">Null for whole targets. Otherwise the tokens follow those in the cache; nothing is recorded for a backward pass then.</param>
    /// <returns>(B, Q, d).</returns>
    /// <exception cref="ArgumentException">A shape is wrong, an id is outside the vocabulary, or there are more positions than the model or the cache has.</exception>
    Tensor Decode(Tensor ids, EncoderMemory memory, KeyValueCache? cache = null);

    /// <summary>The language-model head: (…, d) → (…, vocabulary).</summary>
    /// <exception cref="ArgumentException">The hidden states have another width.</exception>
    Tensor Logits(Tensor hidden);

    /// <summary>An empty cache for the decoder's self-attention.</summary>
    /// <param name="rows">Examples × beams.</param>
    /// <param name="maxLength">The largest number of target tokens, the start token included.</param>
    /// <exception cref="ArgumentException">It exceeds the model's positions, or a number is below 1.</exception>
    KeyValueCache NewCache(long rows, long maxLength);
}

/// <summary>Where the paper and VL-Adapter put bottlenecks in an encoder-decoder, and what trains beside them (method.md §6).</summary>
/// <param name="Routed">Query and value of the encoder's self-attention and of the cross-attention.</param>
/// <param name="Unrouted">Query and value of the decoder's self-attention.</param>
/// <param name="RoutedOutputs">The outputs of those attentions, and of the feed-forward layers of encoder and decoder.</param>
/// <param name="UnroutedOutputs">The output of the decoder's self-attention.</param>
/// <param name="OutputNames">What an adapter is named after: the replacement that makes a module's share name of its name.</param>
/// <param name="Biases">Every bias of the layers.</param>
/// <param name="LayerNorms">Weights and biases of every LayerNorm.</param>
public sealed record EncoderDecoderTargets(
    string Routed, string Unrouted, string RoutedOutputs, string UnroutedOutputs, string OutputNames, ModulePattern? Biases, ModulePattern LayerNorms)
{
    /// <summary>Where the other methods act; null when the model does not say.</summary>
    public RivalTargets? Rivals { get; init; }
}
