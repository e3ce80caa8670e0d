using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace VLPeft.Models.Beit;

/// <summary>
/// BEiT (Bao et al., ICLR 2022) as Hugging Face's BeitModel: a ViT whose positions are biases of the attention scores (or absolute),
/// whose keys have no bias, whose residual branches are scaled, and whose pooled feature is the mean of the patches. Parameters carry
/// the names of its checkpoints. B batch, V = 1 + patches, d width.
/// </summary>
public sealed class BeitModel : Module<Tensor, VisionOutput>, IVisionEncoder
{
    private readonly BeitEmbeddings embeddings;
    private readonly BeitEncoder encoder;
    private readonly LayerNorm? layernorm;
    private BeitPooler? pooler;

    /// <summary>A model with fresh weights: N(0, initializer range), biases, positions and class token 0, LayerNorms 1 and 0.</summary>
    /// <param name="config">The architecture.</param>
    /// <param name="pooler">Whether it has a pooler.</param>
    /// <param name="device">Where the weights live; on META nothing is initialised, and a loader must replace them (bare parameters
    /// are on the CPU then).</param>
    public BeitModel(BeitConfig config, bool pooler = true, Device? device = null) : base(nameof(BeitModel))
    {
        Config = config;
        embeddings = new BeitEmbeddings(config, device);
        encoder = new BeitEncoder(config, device);
        layernorm = config.MeanPooling ? null : LayerNorm(config.Width, config.LayerNormEps, device: device);
        this.pooler = pooler ? new BeitPooler(config, device) : null;
        RegisterComponents();
        if (Layers.IsMeta(device))
            return;
        Layers.Initialise(this, config.InitializerRange);
        if (device is not null)
            this.to(device);
    }

    /// <summary>The architecture.</summary>
    public BeitConfig Config { get; }

    /// <inheritdoc/>
    public long Width => Config.Width;

    /// <inheritdoc/>
    public long ImageSize => Config.ImageSize;

    /// <inheritdoc/>
    public long Channels => Config.Channels;

    /// <inheritdoc/>
    public long Positions => Config.Positions;

    /// <inheritdoc/>
    public string ConfigJson => Config.ToJson();

    /// <inheritdoc/>
    public bool HasPooler => pooler is not null;

    /// <inheritdoc/>
    public nn.Module Module => this;

    /// <summary>The last hidden state and the pooled feature of pixels (B, channels, size, size).</summary>
    public override VisionOutput forward(Tensor pixelValues) => Encode(pixelValues);

    /// <inheritdoc/>
    public VisionOutput Encode(Tensor pixelValues, OutputPositions positions = OutputPositions.All, bool hiddenStates = false)
    {
        Layers.Expect(pixelValues, "pixel values", "(B, channels, height, width)", -1, Channels, ImageSize, ImageSize);
        Layers.ExpectType(pixelValues, "pixel values", embeddings.AnyWeight);
        if (pooler is not null && Config.MeanPooling)
            positions = OutputPositions.All;
        List<Tensor>? states = hiddenStates ? [] : null;
        using var scope = NewDisposeScope();
        Tensor hidden = encoder.Run(embeddings.call(pixelValues), positions, states);
        Tensor last = layernorm is null ? hidden : layernorm.call(hidden);
        Tensor? pooled = pooler?.call(last);
        scope.MoveToOuter(states ?? []);
        return new VisionOutput(scope.MoveToOuter(last), pooled is null ? null : scope.MoveToOuter(pooled), states);
    }

    /// <summary>
    /// Loads a Hugging Face folder: config.json and safetensors weights, with or without the prefix "beit.". Frozen, in eval mode.
    /// </summary>
    /// <exception cref="InvalidInputException">The folder's configuration is not supported, or its weights don't fit it.</exception>
    public static BeitModel FromFolder(string folder, BackboneOptions? options = null)
    {
        options ??= new BackboneOptions();
        BeitConfig config = BeitConfig.Read(ConfigReader.OpenFolder(folder));
        config = config with { Dropout = options.Dropout ?? config.Dropout };
        if (options.Weights != BackboneWeights.Checkpoint)
            return new BeitModel(config, options.Pooler != PoolerSource.None, options.Weights == BackboneWeights.ShapesOnly ? META : null);
        BeitModel model = new(config, options.Pooler == PoolerSource.Checkpoint, META);
        string[] ignore = ["classifier.*", "lm_head.*", "embeddings.mask_token", $"*.{BeitRelativePositionBias.IndexName}"];
        // The head of masked-image models has a LayerNorm of its own beside the backbone, under the name of the backbone's optional one.
        HubWeights.Load(model, folder, "beit.", options.Pooler, config.MeanPooling ? [.. ignore, "layernorm.*"] : ignore);
        if (options.Pooler == PoolerSource.Fresh)
            model.AddFreshPooler();
        model.eval();
        return model;
    }

    private void AddFreshPooler()
    {
        pooler = new BeitPooler(Config, device: null);
        register_module(nameof(pooler), pooler);
    }
}
