using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace VLPeft.Models.Bert;

/// <summary>
/// The masked-language-model head of RoBERTa: logits = E LN(gelu(dense(h))) + bias, where E is the encoder's own word embedding, which
/// therefore comes as an argument and is no parameter of the head. For pre-training; the encoder is used without it afterwards.
/// Parameters carry the names of Hugging Face's RobertaLMHead.
/// </summary>
public sealed class LmHead : Module<Tensor, Tensor, Tensor>
{
    private readonly Linear dense;
    private readonly LayerNorm layer_norm;
    private readonly Parameter bias;

    /// <summary>A head with fresh weights, from torch's global generator.</summary>
    public LmHead(BertFamilyConfig config) : base(nameof(LmHead))
    {
        dense = Linear(config.Width, config.Width);
        layer_norm = LayerNorm(config.Width, config.LayerNormEps);
        bias = Layers.Bare(zeros(config.VocabularySize));
        RegisterComponents();
        Layers.Initialise(this, config.InitializerRange);
    }

    /// <summary>Logits over the vocabulary.</summary>
    /// <param name="hidden">Last hidden states, (…, d); pass the masked positions alone, (N, d), to save work.</param>
    /// <param name="wordEmbeddings">The encoder's <see cref="BertFamilyModel.WordEmbeddingWeight"/>, (vocabulary, d).</param>
    /// <returns>(…, vocabulary).</returns>
    /// <exception cref="ArgumentException">The widths or the vocabulary don't agree.</exception>
    public override Tensor forward(Tensor hidden, Tensor wordEmbeddings)
    {
        Layers.Expect(wordEmbeddings, "word embeddings", "(vocabulary, d)", bias.shape[0], dense.weight!.shape[0]);
        if (hidden.dim() == 0 || hidden.shape[^1] != wordEmbeddings.shape[1])
            throw new ArgumentException($"hidden states must be {wordEmbeddings.shape[1]} wide, not ({string.Join(", ", hidden.shape)}).");
        using var scope = NewDisposeScope();
        Tensor features = layer_norm.call(functional.gelu(dense.call(hidden)));
        return scope.MoveToOuter(functional.linear(features, wordEmbeddings, bias));
    }
}
