using TorchSharp;
using TorchSharp.Modules;
using VLPeft.Checkpoints;
using VLPeft.Peft;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace VLPeft.Models.Bart;

/// <summary>
/// BART (Lewis et al., ACL 2020) as Hugging Face's BartForConditionalGeneration, any size: an encoder and a decoder of post-LayerNorm layers, learnt
/// positions, and the word embedding again as language-model head. Parameters carry the names of its checkpoints. B batch, T text, S all encoder
/// positions, Q new target positions, K all target positions, d width.
/// </summary>
public sealed class BartModel : Module<Tensor, Tensor?, Tensor, Tensor>, IEncoderDecoder
{
    private readonly BartTransformer model;
    private readonly Tensor final_logits_bias; // (1, vocabulary), a buffer

    /// <summary>A model with fresh weights: N(0, init_std), biases 0, LayerNorms 1 and 0, from torch's global generator.</summary>
    /// <param name="config">The architecture.</param>
    /// <param name="device">Where the weights live; on META nothing is initialised, and a loader must replace them.</param>
    public BartModel(BartConfig config, Device? device = null) : base(nameof(BartModel))
    {
        ArgumentNullException.ThrowIfNull(config);
        Config = config;
        model = new BartTransformer(config, device);
        final_logits_bias = zeros([1, config.VocabularySize], device: Layers.IsMeta(device) ? null : device).DetachFromDisposeScope();
        register_buffer(nameof(final_logits_bias), final_logits_bias);
        RegisterComponents();
        if (Layers.IsMeta(device))
            return;
        Layers.Initialise(this, config.InitializerRange);
        using var _ = no_grad();
        using Parameter table = model.WordTable;
        table[config.PaddingId].zero_();
    }

    /// <summary>The architecture.</summary>
    public BartConfig Config { get; }

    /// <inheritdoc/>
    public nn.Module Module => this;

    /// <inheritdoc/>
    public string ConfigJson => Config.ToJson();

    /// <inheritdoc/>
    public long Width => Config.Width;

    /// <inheritdoc/>
    public long VocabularySize => Config.VocabularySize;

    /// <inheritdoc/>
    public long? MaxLength => Config.MaxLength;

    /// <inheritdoc/>
    public long StartId => Config.StartId;

    /// <inheritdoc/>
    public long EndId => Config.EndId;

    /// <inheritdoc/>
    public long PaddingId => Config.PaddingId;

    /// <inheritdoc/>
    public HiddenActivation AdapterActivation => HiddenActivation.GeluTanh;

    /// <inheritdoc/>
    public EncoderDecoderTargets PeftTargets { get; } = new(
        @"(?:.+\.)?(?:encoder\.layers\.\d+\.self_attn|decoder\.layers\.\d+\.encoder_attn)\.(?:q_proj|v_proj)",
        @"(?:.+\.)?decoder\.layers\.\d+\.self_attn\.(?:q_proj|v_proj)",
        @"((?:.+\.)?(?:encoder\.layers\.\d+\.(?:self_attn(?=\.out_proj)|fc2)|decoder\.layers\.\d+\.(?:encoder_attn(?=\.out_proj)|fc2)))(?:\.out_proj)?",
        @"((?:.+\.)?decoder\.layers\.\d+\.self_attn)\.out_proj",
        "$1",
        ModulePattern.FullMatch(@".+\.(?:(?:q|k|v|out)_proj|fc[12])\.bias"),
        ModulePattern.FullMatch(@".+(?:layer_norm|layernorm_embedding)\.(?:weight|bias)"))
    {
        Rivals = new RivalTargets(
            @".+\.bias",
            @".+\.layers\.\d+\.(?:self_attn|encoder_attn)\.[kv]_proj",
            @".+\.layers\.\d+\.fc2",
            @".+\.layers\.\d+\.(?:self_attn|encoder_attn)",
            @"model\.shared"),
    };

    /// <summary>Logits of the token after each target position.</summary>
    /// <param name="ids">The source, (B, T), int64.</param>
    /// <param name="mask">(B, T), 1 for tokens, 0 for padding; null when nothing is padded.</param>
    /// <param name="targets">The target, from the start token on, (B, Q), int64.</param>
    /// <returns>(B, Q, vocabulary).</returns>
    public override Tensor forward(Tensor ids, Tensor? mask, Tensor targets)
    {
        ArgumentNullException.ThrowIfNull(ids);
        using var scope = NewDisposeScope();
        using EncoderMemory memory = new(Encode(Embed(ids), mask, ids.shape[1]), mask);
        return scope.MoveToOuter(Logits(Decode(targets, memory)));
    }

    /// <inheritdoc/>
    public Module<Tensor, Tensor> NewLayerNorm() => LayerNorm(Width);

    /// <inheritdoc/>
    public Tensor WordEmbeddings(Tensor ids)
    {
        Layers.ExpectIds(ids, "ids", Config.VocabularySize);
        return model.Words(ids);
    }

    /// <inheritdoc/>
    public Tensor Embed(Tensor ids)
    {
        Layers.ExpectIds(ids, "ids", Config.VocabularySize);
        CheckLength(ids.shape[1], "the text");
        using var scope = NewDisposeScope();
        return scope.MoveToOuter(model.Encoder.Embed(model.ScaledWords(ids), 0));
    }

    /// <inheritdoc/>
    public Tensor Encode(Tensor hidden, Tensor? mask, long textLength, Action<Tensor>? attentionInput = null) =>
        RunEncoder(hidden, mask, attentionInput, null);

    /// <summary>What goes into the encoder's first layer and what comes out of each, (B, S, d).</summary>
    public IReadOnlyList<Tensor> EncoderStates(Tensor hidden, Tensor? mask)
    {
        List<Tensor> states = [];
        RunEncoder(hidden, mask, null, states);
        return states;
    }

    /// <inheritdoc/>
    public Tensor Decode(Tensor ids, EncoderMemory memory, KeyValueCache? cache = null) => RunDecoder(ids, memory, cache, null);

    /// <summary>What goes into the decoder's first layer and what comes out of each, (B, Q, d).</summary>
    public IReadOnlyList<Tensor> DecoderStates(Tensor ids, EncoderMemory memory)
    {
        List<Tensor> states = [];
        RunDecoder(ids, memory, null, states);
        return states;
    }

    /// <inheritdoc/>
    public Tensor Logits(Tensor hidden)
    {
        ArgumentNullException.ThrowIfNull(hidden);
        if (hidden.dim() < 2 || hidden.shape[^1] != Width)
            throw new ArgumentException($"hidden states must be (…, {Width}), not ({string.Join(", ", hidden.shape)}).");
        using Parameter table = model.WordTable;
        return functional.linear(hidden, table).Plus(final_logits_bias.to(hidden.dtype));
    }

    /// <inheritdoc/>
    public KeyValueCache NewCache(long rows, long maxLength)
    {
        CheckLength(maxLength, "the cache");
        using Parameter table = model.WordTable;
        return new KeyValueCache(Config.DecoderLayers, rows, maxLength, Width, table.dtype, table.device);
    }

    /// <summary>
    /// Loads a Hugging Face folder: config.json and safetensors weights, with or without the prefix "model.", the tied tables and the bias on logits.
    /// Frozen, in eval mode.
    /// </summary>
    /// <exception cref="InvalidInputException">The folder's configuration is not supported, or its weights don't fit it.</exception>
    public static BartModel FromFolder(string folder, BackboneOptions? options = null)
    {
        options ??= new BackboneOptions();
        BartConfig config = BartConfig.Read(ConfigReader.OpenFolder(folder));
        if (options.Dropout is { } dropout)
            config = config with { Dropout = dropout, ActivationDropout = 0 };
        if (options.VocabularySize is { } vocabulary && options.Weights != BackboneWeights.Checkpoint)
            config = config with { VocabularySize = vocabulary };
        if (options.Weights != BackboneWeights.Checkpoint)
            return new BartModel(config, options.Weights == BackboneWeights.ShapesOnly ? META : null);
        BartModel bart = new(config, META);
        HubWeights.Load(bart.model, folder, "model.", PoolerSource.None,
            ["final_logits_bias", "lm_head.weight", "encoder.embed_tokens.weight", "decoder.embed_tokens.weight"]);
        bart.ReadLogitsBias(folder);
        bart.eval();
        return bart;
    }

    // Checkpoints of the bare model have none.
    private void ReadLogitsBias(string folder)
    {
        using CheckpointFolder source = CheckpointFolder.Open(folder);
        if (!source.Names.Contains(nameof(final_logits_bias)))
            return;
        using Tensor bias = source.Read(nameof(final_logits_bias));
        if (!bias.shape.SequenceEqual(final_logits_bias.shape))
            throw new InvalidInputException($"'{folder}': {nameof(final_logits_bias)} is [{string.Join(", ", bias.shape)}], expected [{string.Join(", ", final_logits_bias.shape)}].");
        final_logits_bias.copy_(bias);
    }

    private Tensor RunEncoder(Tensor hidden, Tensor? mask, Action<Tensor>? attentionInput, List<Tensor>? states)
    {
        Layers.Expect(hidden, "hidden states", "(B, S, d)", -1, -1, Width);
        if (mask is not null)
            Layers.Expect(mask, "the attention mask", "(B, S)", hidden.shape[0], hidden.shape[1]);
        using var scope = NewDisposeScope();
        var context = new BartAttentionContext(mask is null ? null : Attention.PaddingBias(mask, hidden.dtype));
        Tensor last = model.Encoder.Run(hidden, context, attentionInput, states);
        if (states is not null)
            scope.MoveToOuter(states);
        return scope.MoveToOuter(last);
    }

    private Tensor RunDecoder(Tensor ids, EncoderMemory memory, KeyValueCache? cache, List<Tensor>? states)
    {
        ArgumentNullException.ThrowIfNull(memory);
        Layers.ExpectIds(ids, "target ids", Config.VocabularySize);
        long rows = ids.shape[0], count = ids.shape[1], past = cache?.Length ?? 0;
        CheckLength(past + count, "the target, with what is cached,");
        if (memory.Rows != rows || memory.Width != Width)
            throw new ArgumentException($"the encoder's memory has {memory.Rows} rows, {memory.Width} wide; the target has {rows}, and the model is {Width} wide.");
        cache?.Require(Config.DecoderLayers, rows, count, Width, memory.Type);
        using var scope = NewDisposeScope();
        using var frozen = cache is null ? null : no_grad();
        Tensor hidden = model.Decoder.Embed(model.ScaledWords(ids), past);
        Tensor last = model.Decoder.Run(
            hidden, new BartAttentionContext(Attention.CausalBias(count, past, hidden), Cache: cache), new BartAttentionContext(memory.Bias(), memory), states);
        if (states is not null)
            scope.MoveToOuter(states);
        return scope.MoveToOuter(last);
    }

    private void CheckLength(long length, string what)
    {
        if (length > Config.MaxLength)
            throw new ArgumentException($"{what} would be {length} tokens long; the model has positions for {Config.MaxLength}.");
    }
}
