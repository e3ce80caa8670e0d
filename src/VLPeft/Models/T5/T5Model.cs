using TorchSharp;
using TorchSharp.Modules;
using VLPeft.Peft;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace VLPeft.Models.T5;

/// <summary>
/// T5 (Raffel et al., JMLR 2020) as Hugging Face's T5ForConditionalGeneration, v1.0 and v1.1, any size. Parameters carry the names of its
/// checkpoints. B batch, S source positions, T text positions among them, Q new target positions, K all target positions, d width.
/// </summary>
public sealed class T5Model : Module<Tensor, Tensor?, Tensor, Tensor>, IEncoderDecoder
{
    private readonly Embedding shared;
    private readonly T5Stack encoder;
    private readonly T5Stack decoder;
    private readonly Linear? lm_head;

    /// <summary>A model with fresh weights as the reference draws them, from torch's global generator.</summary>
    /// <param name="config">The architecture.</param>
    /// <param name="device">Where the weights live; on META nothing is initialised, and a loader must replace them.</param>
    public T5Model(T5Config config, Device? device = null) : base(nameof(T5Model))
    {
        ArgumentNullException.ThrowIfNull(config);
        Config = config;
        shared = Layers.Table(config.VocabularySize, config.Width, device);
        encoder = new T5Stack(config, T5Direction.Both, config.EncoderLayers, device);
        decoder = new T5Stack(config, T5Direction.Back, config.DecoderLayers, device);
        lm_head = config.TiedHead ? null : Linear(config.Width, config.VocabularySize, hasBias: false, device: device);
        RegisterComponents();
        if (!Layers.IsMeta(device))
            Initialise();
    }

    /// <summary>The architecture.</summary>
    public T5Config Config { get; }

    /// <inheritdoc/>
    public Module Module => this;

    /// <inheritdoc/>
    public string ConfigJson => Config.ToJson();

    /// <inheritdoc/>
    public long Width => Config.Width;

    /// <inheritdoc/>
    public long VocabularySize => Config.VocabularySize;

    /// <inheritdoc/>
    public long? MaxLength => null;

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
        @"(?:.+\.)?(?:encoder\.block\.\d+\.layer\.0\.SelfAttention|decoder\.block\.\d+\.layer\.1\.EncDecAttention)\.(?:q|v)",
        @"(?:.+\.)?decoder\.block\.\d+\.layer\.0\.SelfAttention\.(?:q|v)",
        @"((?:.+\.)?(?:encoder\.block\.\d+\.layer\.0\.SelfAttention|decoder\.block\.\d+\.layer\.1\.EncDecAttention|.+\.DenseReluDense))\.w?o",
        @"((?:.+\.)?decoder\.block\.\d+\.layer\.0\.SelfAttention)\.o",
        "$1",
        Biases: null,
        ModulePattern.FullMatch(@".*layer_norm\.weight"))
    {
        Rivals = new RivalTargets(
            Biases: null,
            @".+\.(?:SelfAttention|EncDecAttention)\.[kv]",
            @".+\.DenseReluDense\.wo",
            @".+\.(?:SelfAttention|EncDecAttention)",
            "shared"),
    };

    /// <summary>Logits of the token after each target position.</summary>
    /// <param name="ids">The source, (B, S), int64.</param>
    /// <param name="mask">(B, S), 1 for tokens, 0 for padding; null when nothing is padded.</param>
    /// <param name="targets">The target, from the start token on, (B, Q), int64.</param>
    /// <returns>(B, Q, vocabulary).</returns>
    public override Tensor forward(Tensor ids, Tensor? mask, Tensor targets)
    {
        using var scope = NewDisposeScope();
        using EncoderMemory memory = new(Encode(Embed(ids), mask, ids.shape[1]), mask);
        return scope.MoveToOuter(Logits(Decode(targets, memory)));
    }

    /// <inheritdoc/>
    public Module<Tensor, Tensor> NewLayerNorm() => new T5LayerNorm(Width, Config.LayerNormEps, device: null);

    /// <inheritdoc/>
    public Tensor WordEmbeddings(Tensor ids)
    {
        Layers.ExpectIds(ids, "ids", Config.VocabularySize);
        return shared.call(ids);
    }

    /// <inheritdoc/>
    /// <remarks>The word embeddings: positions are in the attention.</remarks>
    public Tensor Embed(Tensor ids) => WordEmbeddings(ids);

    /// <inheritdoc/>
    /// <remarks>The text alone has relative positions, among itself; all other pairs have a bias of 0, as in VL-T5's joint encoder.</remarks>
    public Tensor Encode(Tensor hidden, Tensor? mask, long textLength, Action<Tensor>? attentionInput = null) =>
        RunEncoder(hidden, mask, textLength, attentionInput, states: null);

    /// <inheritdoc/>
    public Tensor Decode(Tensor ids, EncoderMemory memory, KeyValueCache? cache = null) => RunDecoder(ids, memory, cache, states: null);

    /// <summary>The encoder's input, the output of every block but the last, and the last one's under the final LayerNorm, each (B, S, d).</summary>
    /// <param name="hidden">(B, S, d).</param>
    /// <param name="mask">(B, S); null when nothing is padded.</param>
    public IReadOnlyList<Tensor> EncoderStates(Tensor hidden, Tensor? mask)
    {
        ArgumentNullException.ThrowIfNull(hidden);
        List<Tensor> states = [];
        RunEncoder(hidden, mask, hidden.shape[1], attentionInput: null, states);
        return states;
    }

    /// <summary>Likewise of the decoder, each (B, Q, d).</summary>
    /// <param name="ids">(B, Q), int64.</param>
    /// <param name="memory">What the encoder made.</param>
    public IReadOnlyList<Tensor> DecoderStates(Tensor ids, EncoderMemory memory)
    {
        List<Tensor> states = [];
        RunDecoder(ids, memory, cache: null, states);
        return states;
    }

    /// <inheritdoc/>
    public Tensor Logits(Tensor hidden)
    {
        ArgumentNullException.ThrowIfNull(hidden);
        if (hidden.dim() < 2 || hidden.shape[^1] != Width)
            throw new ArgumentException($"hidden states must be (…, {Width}), not ({string.Join(", ", hidden.shape)}).");
        if (lm_head is not null)
            return lm_head.call(hidden);
        using var scope = NewDisposeScope();
        using Parameter table = shared.weight!;
        return scope.MoveToOuter(functional.linear(hidden.Times(Math.Pow(Width, -0.5)), table));
    }

    /// <inheritdoc/>
    public KeyValueCache NewCache(long rows, long maxLength)
    {
        using Parameter table = shared.weight!;
        return new KeyValueCache(Config.DecoderLayers, rows, maxLength, Config.Inner, table.dtype, table.device);
    }

    /// <summary>
    /// Loads a Hugging Face folder: config.json and safetensors weights, with or without copies of the word embedding under the names of encoder,
    /// decoder and tied head. Frozen, in eval mode.
    /// </summary>
    /// <exception cref="InvalidInputException">The folder's configuration is not supported, or its weights don't fit it.</exception>
    public static T5Model FromFolder(string folder, BackboneOptions? options = null)
    {
        options ??= new BackboneOptions();
        T5Config config = T5Config.Read(ConfigReader.OpenFolder(folder));
        if (options.Dropout is { } dropout)
            config = config with { Dropout = dropout };
        if (options.VocabularySize is { } vocabulary && options.Weights != BackboneWeights.Checkpoint)
            config = config with { VocabularySize = vocabulary };
        if (options.Weights != BackboneWeights.Checkpoint)
            return new T5Model(config, options.Weights == BackboneWeights.ShapesOnly ? META : null);
        T5Model model = new(config, META);
        // The last is a table of old checkpoints that nothing has ever read.
        string[] copies = ["encoder.embed_tokens.weight", "decoder.embed_tokens.weight", .. config.TiedHead ? new[] { "lm_head.weight" } : [],
            "decoder.block.0.layer.1.EncDecAttention.relative_attention_bias.weight"];
        HubWeights.Load(model, folder, "", PoolerSource.None, copies);
        model.eval();
        return model;
    }

    private Tensor RunEncoder(Tensor hidden, Tensor? mask, long textLength, Action<Tensor>? attentionInput, List<Tensor>? states)
    {
        Layers.Expect(hidden, "hidden states", "(B, S, d)", -1, -1, Width);
        using (Parameter table = shared.weight!)
            Layers.ExpectType(hidden, "hidden states", table);
        long rows = hidden.shape[0], length = hidden.shape[1];
        if (textLength < 0 || textLength > length)
            throw new ArgumentException($"the text length must lie in 0 … {length}, the length of the hidden states, but is {textLength}.");
        if (mask is not null)
            Layers.Expect(mask, "the attention mask", "(B, S)", rows, length);
        using var scope = NewDisposeScope();
        Tensor bias = encoder.RelativeBias(0, textLength, textLength);
        if (textLength < length)
            bias = functional.pad(bias, [0, length - textLength, 0, length - textLength]);
        if (mask is not null)
            bias = bias.Plus(Attention.PaddingBias(mask, hidden.dtype));
        return Keep(scope, encoder.Run(hidden, new T5Context(new T5AttentionContext(bias, Input: attentionInput)), states), states);
    }

    private Tensor RunDecoder(Tensor ids, EncoderMemory memory, KeyValueCache? cache, List<Tensor>? states)
    {
        ArgumentNullException.ThrowIfNull(memory);
        Layers.ExpectIds(ids, "target ids", Config.VocabularySize);
        long rows = ids.shape[0], count = ids.shape[1], past = cache?.Length ?? 0;
        if (memory.Rows != rows || memory.Width != Width)
            throw new ArgumentException($"the encoder's memory has {memory.Rows} rows, {memory.Width} wide; the target has {rows}, and the model is {Width} wide.");
        cache?.Require(Config.DecoderLayers, rows, count, Config.Inner, memory.Type);
        using var scope = NewDisposeScope();
        using var frozen = cache is null ? null : no_grad();
        Tensor bias = decoder.RelativeBias(past, count, past + count);
        if (Attention.CausalBias(count, past, bias) is { } later)
            bias = bias.Plus(later);
        T5Context context = new(new T5AttentionContext(bias, Cache: cache), new T5AttentionContext(memory.Bias(), memory));
        return Keep(scope, decoder.Run(shared.call(ids), context, states), states);
    }

    private static Tensor Keep(DisposeScope scope, Tensor last, List<Tensor>? states)
    {
        if (states is not null)
            scope.MoveToOuter(states);
        return scope.MoveToOuter(last);
    }

    private void Initialise()
    {
        using var _ = no_grad();
        init.normal_(shared.weight!, 0, Config.InitializerFactor);
        if (lm_head is not null)
            init.normal_(lm_head.weight!, 0, Config.InitializerFactor);
        foreach (Module module in modules())
        {
            if (module is T5Attention attention)
                attention.Initialise(Config);
            else if (module is T5FeedForward feedForward)
                feedForward.Initialise(Config);
        }
    }
}
