using TorchSharp;
using TorchSharp.Modules;
using VLPeft.Peft;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace VLPeft.Models.Gpt2;

/// <summary>
/// GPT-2 (Radford et al., 2019) as Hugging Face's GPT2LMHeadModel, any size: word and position embeddings, pre-LayerNorm blocks with causal
/// attention, a last LayerNorm, and the word embedding again as language-model head. Parameters carry the names of its checkpoints, weights
/// of linear layers are (in, out) as there. B batch, T tokens, Q new positions, K all positions, d width.
/// </summary>
public sealed class Gpt2Model : Module<Tensor, Tensor?, Tensor>
{
    private const long FewRows = 128, PartWords = 785;

    private readonly Gpt2Transformer transformer;

    /// <summary>A model with fresh weights: N(0, initializer range), biases 0, LayerNorms 1 and 0, from torch's global generator.</summary>
    /// <param name="config">The architecture.</param>
    /// <param name="device">Where the weights live; on META nothing is initialised, and a loader must replace them.</param>
    public Gpt2Model(Gpt2Config config, Device? device = null) : base(nameof(Gpt2Model))
    {
        Config = config;
        transformer = new Gpt2Transformer(config, device);
        RegisterComponents();
        if (!Layers.IsMeta(device))
            Layers.Initialise(this, config.InitializerRange);
    }

    /// <summary>The architecture.</summary>
    public Gpt2Config Config { get; }

    /// <summary>d.</summary>
    public long Width => Config.Width;

    /// <summary>
    /// Where bottlenecks go by default: the fused query, key and value; and the outputs of attention and feed-forward, behind their dropout.
    /// </summary>
    public PeftTargets PeftTargets { get; } = new(
        ["attn.c_attn"],
        ["attn.resid_dropout", "mlp.dropout"],
        ModulePattern.FullMatch(@"transformer\.h\.\d+\.ln_[12]\.(weight|bias)"))
    {
        Rivals = new RivalTargets(
            @"transformer\.(?:h\.\d+\..+|ln_f)\.bias",
            @"transformer\.h\.\d+\.attn\.c_attn",
            @"transformer\.h\.\d+\.mlp\.c_proj",
            @"transformer\.h\.\d+\.attn",
            @"transformer\.wte")
        {
            Blocks = [false, true, true], // query, key, value
        },
    };

    /// <summary>The configuration as Hugging Face's config.json.</summary>
    public string ConfigJson => Config.ToJson();

    /// <summary>Logits of the token after each position.</summary>
    /// <param name="ids">(B, T), int64.</param>
    /// <param name="mask">(B, T), 1 for tokens, 0 for padding; null when nothing is padded.</param>
    /// <returns>(B, T, vocabulary).</returns>
    public override Tensor forward(Tensor ids, Tensor? mask)
    {
        using var scope = NewDisposeScope();
        return scope.MoveToOuter(Logits(Encode(WordEmbeddings(ids), mask)));
    }

    /// <summary>The rows of the word embedding, (B, T) int64 → (B, T, d): no positions.</summary>
    /// <exception cref="ArgumentException">Wrong shape or type, or an id outside the vocabulary.</exception>
    public Tensor WordEmbeddings(Tensor ids)
    {
        Layers.ExpectIds(ids, "ids", Config.VocabularySize);
        return transformer.Words(ids);
    }

    /// <summary>Adds positions, runs all blocks and the last LayerNorm.</summary>
    /// <param name="inputsEmbeds">Word embeddings, or vectors in their place such as a visual prefix, (B, Q, d).</param>
    /// <param name="mask">(B, K), 1 for tokens, 0 for padding, over all positions, also those in the cache; null when nothing is padded.</param>
    /// <param name="cache">
    /// Null for whole sequences. Otherwise the positions follow those in the cache and are added to it; nothing is recorded for a backward
    /// pass then.
    /// </param>
    /// <returns>(B, Q, d).</returns>
    /// <exception cref="ArgumentException">Wrong shape or type, more positions than the model or the cache has, or a cache of another model.</exception>
    public Tensor Encode(Tensor inputsEmbeds, Tensor? mask, KeyValueCache? cache = null) => Run(inputsEmbeds, mask, cache, states: null);

    /// <summary>
    /// The embeddings with positions, the output of every block but the last, and the last one's under the final LayerNorm, each (B, T, d).
    /// </summary>
    /// <param name="inputsEmbeds">(B, T, d).</param>
    /// <param name="mask">(B, T), 1 for tokens, 0 for padding; null when nothing is padded.</param>
    public IReadOnlyList<Tensor> HiddenStates(Tensor inputsEmbeds, Tensor? mask)
    {
        List<Tensor> states = [];
        Run(inputsEmbeds, mask, cache: null, states);
        return states;
    }

    /// <summary>The language-model head, tied to the word embedding: (…, d) → (…, vocabulary).</summary>
    /// <exception cref="ArgumentException">The hidden states have another width.</exception>
    public Tensor Logits(Tensor hidden)
    {
        ArgumentNullException.ThrowIfNull(hidden);
        if (hidden.dim() < 2 || hidden.shape[^1] != Width)
            throw new ArgumentException($"hidden states must be (…, {Width}), not ({string.Join(", ", hidden.shape)}).");
        using Parameter table = transformer.WordTable;
        bool decoding = !(is_grad_enabled() && (hidden.requires_grad || table.requires_grad)) && hidden.numel() <= FewRows * Width;
        return decoding ? LogitsInParts(hidden, table) : functional.linear(hidden, table);
    }

    // For few rows the product reads the table and little else; parts that stay in the processor's cache take two thirds of the time
    // (40 rows, 50,257 words: 60 ms instead of 94).
    private static Tensor LogitsInParts(Tensor hidden, Tensor table)
    {
        using var scope = NewDisposeScope();
        long parts = Math.Max(1, table.shape[0] / PartWords);
        return scope.MoveToOuter(cat([.. table.chunk(parts, 0).Select(words => functional.linear(hidden, words))], -1));
    }

    /// <summary>An empty cache for this model.</summary>
    /// <param name="rows">Images × beams.</param>
    /// <param name="maxLength">The largest number of positions, prefix included.</param>
    /// <exception cref="ArgumentException">It exceeds the model's positions, or a number is below 1.</exception>
    public KeyValueCache NewCache(long rows, long maxLength)
    {
        CheckLength(maxLength, "the cache");
        using Parameter table = transformer.WordTable;
        return new KeyValueCache(Config.Layers, rows, maxLength, Width, table.dtype, table.device);
    }

    /// <summary>
    /// Loads a Hugging Face folder: config.json and safetensors weights, with or without the prefix "transformer." and the tied head. Frozen,
    /// in eval mode. No pooler is asked for.
    /// </summary>
    /// <exception cref="InvalidInputException">The folder's configuration is not supported, or its weights don't fit it.</exception>
    public static Gpt2Model FromFolder(string folder, BackboneOptions? options = null)
    {
        options ??= new BackboneOptions();
        Gpt2Config config = Gpt2Config.Read(ConfigReader.OpenFolder(folder));
        if (options.Dropout is { } dropout)
            config = config with { Dropout = dropout, EmbeddingDropout = dropout.Hidden };
        if (options.VocabularySize is { } vocabulary && options.Weights != BackboneWeights.Checkpoint)
            config = config with { VocabularySize = vocabulary, EndId = Math.Min(config.EndId, vocabulary - 1) };
        if (options.Weights != BackboneWeights.Checkpoint)
            return new Gpt2Model(config, options.Weights == BackboneWeights.ShapesOnly ? META : null);
        Gpt2Model model = new(config, META);
        HubWeights.Load(model.transformer, folder, "transformer.", PoolerSource.None, ["lm_head.weight", "h.*.attn.bias", "h.*.attn.masked_bias"]);
        model.eval();
        return model;
    }

    private Tensor Run(Tensor inputsEmbeds, Tensor? mask, KeyValueCache? cache, List<Tensor>? states)
    {
        Layers.Expect(inputsEmbeds, "inputs embeds", "(B, Q, d)", -1, -1, Width);
        using (Parameter table = transformer.WordTable)
            Layers.ExpectType(inputsEmbeds, "inputs embeds", table);
        long rows = inputsEmbeds.shape[0], count = inputsEmbeds.shape[1], past = cache?.Length ?? 0;
        CheckLength(past + count, "inputs embeds, with what is cached,");
        cache?.Require(Config.Layers, rows, count, Width, inputsEmbeds.dtype);
        if (mask is not null)
            Layers.Expect(mask, "the attention mask", "(B, K) of all positions", rows, past + count);
        using var scope = NewDisposeScope();
        using var frozen = cache is null ? null : no_grad();
        Tensor last = transformer.Run(inputsEmbeds, new Gpt2Context(Bias(mask, count, past, inputsEmbeds), cache), states);
        if (states is not null)
            scope.MoveToOuter(states);
        return scope.MoveToOuter(last);
    }

    // What a query may not see gets the type's lowest number: later positions (1, 1, Q, K), padding (B, 1, 1, K), or both.
    private static Tensor? Bias(Tensor? mask, long count, long past, Tensor like)
    {
        Tensor? padding = mask is null ? null : Attention.PaddingBias(mask, like.dtype);
        Tensor? later = Attention.CausalBias(count, past, like);
        return later is null || padding is null ? later ?? padding : later.Plus(padding);
    }

    private void CheckLength(long length, string what)
    {
        if (length > Config.MaxLength)
            throw new ArgumentException($"{what} would be {length} tokens long; the model has positions for {Config.MaxLength}.");
    }
}
