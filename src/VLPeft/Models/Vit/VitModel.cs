using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace VLPeft.Models.Vit;

/// <summary>
/// Vision Transformer (Dosovitskiy et al., ICLR 2021) as Hugging Face's ViTModel: patches and a class token with learned positions,
/// pre-LayerNorm layers, a final LayerNorm, and a pooler tanh(dense(class token)). Parameters carry the names of its checkpoints.
/// B batch, V = 1 + patches, d width.
/// </summary>
public sealed class VitModel : Module<Tensor, VisionOutput>, IVisionEncoder
{
    private readonly VitEmbeddings embeddings;
    private readonly VitEncoder encoder;
    private readonly LayerNorm layernorm;
    private DenseModule? pooler;

    /// <summary>A model with fresh weights: N(0, initializer range), biases 0, LayerNorms 1 and 0, from torch's global generator.</summary>
    /// <param name="config">The architecture.</param>
    /// <param name="pooler">Whether it has a pooler.</param>
    /// <param name="device">Where the weights live; on META nothing is initialised, and a loader must replace them (the two bare
    /// parameters of the embeddings are on the CPU then).</param>
    public VitModel(VitConfig config, bool pooler = true, Device? device = null) : base(nameof(VitModel))
    {
        Config = config;
        embeddings = new VitEmbeddings(config, device);
        encoder = new VitEncoder(config, device);
        layernorm = LayerNorm(config.Width, config.LayerNormEps, device: device);
        this.pooler = pooler ? new DenseModule(config.Width, config.Width, device) : null;
        RegisterComponents();
        if (Layers.IsMeta(device))
            return;
        Layers.Initialise(this, config.InitializerRange);
        embeddings.Initialise(config.InitializerRange);
        if (device is not null)
            this.to(device);
    }

    /// <summary>The architecture.</summary>
    public VitConfig Config { get; }

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
        Layers.ExpectType(pixelValues, "pixel values", layernorm.weight!);
        List<Tensor>? states = hiddenStates ? [] : null;
        using var scope = NewDisposeScope();
        Tensor hidden = encoder.Run(embeddings.call(pixelValues), positions, states);
        Tensor last = layernorm.call(hidden);
        Tensor? pooled = pooler?.call(last.select(1, 0)).tanh();
        scope.MoveToOuter(states ?? []);
        return new VisionOutput(scope.MoveToOuter(last), pooled is null ? null : scope.MoveToOuter(pooled), states);
    }

    /// <summary>
    /// Loads a Hugging Face folder: config.json and safetensors weights, with or without the prefix "vit.". Frozen, in eval mode.
    /// </summary>
    /// <exception cref="InvalidInputException">The folder's configuration is not supported, or its weights don't fit it.</exception>
    public static VitModel FromFolder(string folder, BackboneOptions? options = null)
    {
        options ??= new BackboneOptions();
        VitConfig config = VitConfig.Read(ConfigReader.OpenFolder(folder));
        config = config with { Dropout = options.Dropout ?? config.Dropout };
        if (options.Weights != BackboneWeights.Checkpoint)
            return new VitModel(config, options.Pooler != PoolerSource.None, options.Weights == BackboneWeights.ShapesOnly ? META : null);
        VitModel model = new(config, options.Pooler == PoolerSource.Checkpoint, META);
        HubWeights.Load(model, folder, "vit.", options.Pooler, ["classifier.*", "decoder.*", "embeddings.mask_token"]);
        if (options.Pooler == PoolerSource.Fresh)
            model.AddFreshPooler();
        model.eval();
        return model;
    }

    private void AddFreshPooler()
    {
        pooler = new DenseModule(Width, Width, device: null);
        Layers.Initialise(pooler, Config.InitializerRange);
        register_module(nameof(pooler), pooler);
    }
}
