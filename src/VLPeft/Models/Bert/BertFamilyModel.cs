using TorchSharp;
using TorchSharp.Modules;
using VLPeft.Peft;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace VLPeft.Models.Bert;

/// <summary>
/// BERT (Devlin et al., NAACL 2019) and RoBERTa (Liu et al., 2019) as Hugging Face's BertModel and RobertaModel: word, position and type
/// embeddings under a LayerNorm, post-LayerNorm layers, and a pooler tanh(dense(position 0)). Parameters carry the names of their
/// checkpoints. B batch, T tokens, d width.
/// </summary>
public sealed class BertFamilyModel : Module<Tensor, Tensor?, Tensor?, TextOutput>, ITextEncoder
{
    private readonly BertEmbeddings embeddings;
    private readonly BertEncoder encoder;
    private DenseModule? pooler;

    /// <summary>A model with fresh weights: N(0, initializer range), biases 0, LayerNorms 1 and 0, from torch's global generator.</summary>
    /// <param name="config">The architecture.</param>
    /// <param name="pooler">Whether it has a pooler.</param>
    /// <param name="device">Where the weights live; on META nothing is initialised, and a loader must replace them.</param>
    public BertFamilyModel(BertFamilyConfig config, bool pooler = true, Device? device = null) : base(nameof(BertFamilyModel))
    {
        Config = config;
        embeddings = new BertEmbeddings(config, device);
        encoder = new BertEncoder(config, device);
        this.pooler = pooler ? new DenseModule(config.Width, config.Width, device) : null;
        RegisterComponents();
        if (Layers.IsMeta(device))
            return;
        Layers.Initialise(this, config.InitializerRange);
        embeddings.ClearPadding();
    }

    /// <summary>The architecture.</summary>
    public BertFamilyConfig Config { get; }

    /// <inheritdoc/>
    public long Width => Config.Width;

    /// <inheritdoc/>
    public long VocabularySize => Config.VocabularySize;

    /// <inheritdoc/>
    public long MaxLength => Config.MaxLength;

    /// <inheritdoc/>
    public long PadId => Config.PadId;

    /// <inheritdoc/>
    public HiddenActivation Activation => Config.Activation;

    /// <inheritdoc/>
    public PeftTargets PeftTargets { get; } = new(
        ["attention.self.query", "attention.self.value"],
        ["attention.output.dense", "output.dense"],
        ModulePattern.FullMatch(@"encoder\.layer\.\d+\..*LayerNorm\.(weight|bias)"))
    {
        Rivals = new RivalTargets(
            @"(?:embeddings\.LayerNorm|encoder\.layer\.\d+\..+)\.bias",
            @"encoder\.layer\.\d+\.attention\.self\.(?:key|value)",
            @"encoder\.layer\.\d+\.output\.dense",
            @"encoder\.layer\.\d+\.attention\.self",
            @"embeddings\.word_embeddings"),
    };

    /// <inheritdoc/>
    public string ConfigJson => Config.ToJson();

    /// <inheritdoc/>
    public bool HasPooler => pooler is not null;

    /// <inheritdoc/>
    public nn.Module Module => this;

    /// <summary>The word embedding's table, (vocabulary, d), which <see cref="LmHead"/> shares; a new handle to it each time.</summary>
    public Parameter WordEmbeddingWeight => embeddings.WordTable;

    /// <summary>Last hidden state and pooled output of token ids: embedding, all layers, pooler.</summary>
    /// <param name="ids">(B, T), int64.</param>
    /// <param name="mask">(B, T), 1 for tokens, 0 for padding; null when nothing is padded.</param>
    /// <param name="tokenTypeIds">(B, T), int64; null means type 0.</param>
    public override TextOutput forward(Tensor ids, Tensor? mask, Tensor? tokenTypeIds)
    {
        Tensor last = Encode(Embed(ids, tokenTypeIds), mask);
        return new TextOutput(last, HasPooler ? Pool(last) : null);
    }

    /// <inheritdoc/>
    public Tensor WordEmbeddings(Tensor ids)
    {
        CheckIds(ids, "ids", VocabularySize);
        return embeddings.Words(ids);
    }

    /// <inheritdoc/>
    public Tensor Embed(Tensor ids, Tensor? tokenTypeIds = null)
    {
        CheckIds(ids, "ids", VocabularySize);
        CheckTypes(tokenTypeIds, ids.shape[0], ids.shape[1]);
        return embeddings.FromIds(ids, tokenTypeIds);
    }

    /// <inheritdoc/>
    public Tensor EmbedFromInputs(Tensor inputsEmbeds, Tensor? tokenTypeIds = null)
    {
        CheckHidden(inputsEmbeds, "inputs embeds");
        CheckTypes(tokenTypeIds, inputsEmbeds.shape[0], inputsEmbeds.shape[1]);
        return embeddings.FromInputs(inputsEmbeds, tokenTypeIds);
    }

    /// <inheritdoc/>
    public Tensor Encode(Tensor hidden, Tensor? mask, OutputPositions positions = OutputPositions.All) =>
        Run(hidden, mask, positions, states: null);

    /// <summary>The embedding layer's output and every layer's, each (B, T, d); the last is what <see cref="Encode"/> returns.</summary>
    /// <param name="hidden">Output of the embedding layer, (B, T, d).</param>
    /// <param name="mask">(B, T), 1 for tokens, 0 for padding; null when nothing is padded.</param>
    public IReadOnlyList<Tensor> HiddenStates(Tensor hidden, Tensor? mask)
    {
        List<Tensor> states = [];
        Run(hidden, mask, OutputPositions.All, states);
        return states;
    }

    /// <inheritdoc/>
    public Tensor Pool(Tensor hidden)
    {
        if (pooler is null)
            throw new InvalidOperationException("This text encoder was built without a pooler, so it has no pooled output.");
        CheckHidden(hidden, "hidden states");
        using var scope = NewDisposeScope();
        return scope.MoveToOuter(pooler.call(hidden.select(1, 0)).tanh());
    }

    /// <summary>
    /// Loads a Hugging Face folder: config.json and safetensors weights, with or without the prefix "bert." or "roberta.". Frozen, in
    /// eval mode.
    /// </summary>
    /// <exception cref="InvalidInputException">The folder's configuration is not supported, or its weights don't fit it.</exception>
    public static BertFamilyModel FromFolder(string folder, BackboneOptions? options = null)
    {
        options ??= new BackboneOptions();
        BertFamilyConfig config = BertFamilyConfig.Read(ConfigReader.OpenFolder(folder));
        config = config with { Dropout = options.Dropout ?? config.Dropout };
        if (options.VocabularySize is { } vocabulary && options.Weights != BackboneWeights.Checkpoint)
            config = config with { VocabularySize = vocabulary };
        if (options.Weights != BackboneWeights.Checkpoint)
            return new BertFamilyModel(config, options.Pooler != PoolerSource.None, options.Weights == BackboneWeights.ShapesOnly ? META : null);
        BertFamilyModel model = new(config, options.Pooler == PoolerSource.Checkpoint, META);
        string prefix = config.Kind == BertKind.Roberta ? "roberta." : "bert.";
        string[] heads = ["lm_head.*", "cls.*", "classifier.*", "qa_outputs.*"];
        HubWeights.Load(model, folder, prefix, options.Pooler, [.. heads, "embeddings.position_ids", "embeddings.token_type_ids"]);
        if (options.Pooler == PoolerSource.Fresh)
            model.AddFreshPooler();
        model.eval();
        return model;
    }

    private Tensor Run(Tensor hidden, Tensor? mask, OutputPositions positions, List<Tensor>? states)
    {
        CheckHidden(hidden, "hidden states");
        if (mask is not null)
            Layers.Expect(mask, "the attention mask", "(B, T) of the hidden states", hidden.shape[0], hidden.shape[1]);
        using Tensor? bias = mask is null ? null : Attention.PaddingBias(mask, hidden.dtype);
        return encoder.Run(hidden, bias, positions, states);
    }

    private void CheckHidden(Tensor hidden, string what)
    {
        Layers.Expect(hidden, what, "(B, T, d)", -1, -1, Width);
        using Parameter weight = WordEmbeddingWeight;
        Layers.ExpectType(hidden, what, weight);
        CheckLength(hidden.shape[1], what);
    }

    private void CheckIds(Tensor ids, string what, long count)
    {
        Layers.ExpectIds(ids, what, count);
        CheckLength(ids.shape[1], what);
    }

    private void CheckTypes(Tensor? tokenTypeIds, long batch, long length)
    {
        if (tokenTypeIds is null)
            return;
        CheckIds(tokenTypeIds, "token type ids", Config.TokenTypes);
        Layers.Expect(tokenTypeIds, "token type ids", "(B, T) of the tokens", batch, length);
    }

    private void CheckLength(long length, string what)
    {
        if (length > MaxLength)
            throw new ArgumentException($"{what} are {length} tokens long; the model has positions for {MaxLength}.");
    }

    private void AddFreshPooler()
    {
        pooler = new DenseModule(Width, Width, device: null);
        Layers.Initialise(pooler, Config.InitializerRange);
        register_module(nameof(pooler), pooler);
    }
}
