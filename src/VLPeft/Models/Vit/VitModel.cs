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

    /// <summary>Loads a Hugging Face folder: config.json and safetensors weights, with or without the prefix "vit.". In eval mode.</summary>
    /// <exception cref="InvalidInputException">The folder's configuration is not supported, or its weights don't fit it.</exception>
    public static VitModel FromFolder(string folder, BackboneOptions? options = null)
    {
        options ??= new BackboneOptions();
        (string json, string path) = ConfigReader.ReadFolder(folder);
        VitConfig config = VitConfig.FromJson(json, path);
        config = config with { Dropout = options.Dropout ?? config.Dropout };
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

internal sealed class VitEmbeddings : Module<Tensor, Tensor>
{
    private readonly Parameter cls_token;
    private readonly Parameter position_embeddings;
    private readonly VitPatches patch_embeddings;
    private readonly double dropout;

    public VitEmbeddings(VitConfig config, Device? device) : base(nameof(VitEmbeddings))
    {
        cls_token = new Parameter(zeros(1, 1, config.Width));
        position_embeddings = new Parameter(zeros(1, config.Positions, config.Width));
        patch_embeddings = new VitPatches(config, device);
        dropout = config.Dropout.Hidden;
        RegisterComponents();
    }

    public void Initialise(double sd)
    {
        using var _ = no_grad();
        init.normal_(cls_token, 0, sd);
        init.normal_(position_embeddings, 0, sd);
    }

    // (B, C, H, W) → (B, V, d)
    public override Tensor forward(Tensor pixelValues)
    {
        using var scope = NewDisposeScope();
        Tensor patches = patch_embeddings.call(pixelValues);
        Tensor tokens = cat([cls_token.expand(patches.shape[0], -1, -1), patches], 1) + position_embeddings;
        return scope.MoveToOuter(Layers.Drop(tokens, dropout, training));
    }
}

internal sealed class VitPatches : Module<Tensor, Tensor>
{
    private readonly Conv2d projection;

    public VitPatches(VitConfig config, Device? device) : base(nameof(VitPatches))
    {
        projection = Conv2d(config.Channels, config.Width, config.PatchSize, stride: config.PatchSize, device: device);
        RegisterComponents();
    }

    // (B, C, H, W) → (B, d, rows, columns) → (B, d, patches) → (B, patches, d)
    public override Tensor forward(Tensor pixelValues) => projection.call(pixelValues).flatten(2).transpose(1, 2);
}

internal sealed class VitEncoder : Module
{
    private readonly ModuleList<VitLayer> layer = [];

    public VitEncoder(VitConfig config, Device? device) : base(nameof(VitEncoder))
    {
        for (long i = 0; i < config.Layers; i++)
            layer.Add(new VitLayer(config, device));
        RegisterComponents();
    }

    public Tensor Run(Tensor hidden, OutputPositions positions, List<Tensor>? states)
    {
        states?.Add(hidden);
        for (int i = 0; i < layer.Count; i++)
        {
            bool firstOnly = positions == OutputPositions.First && i == layer.Count - 1;
            Tensor next = layer[i].call(hidden, firstOnly);
            if (states is null)
                hidden.Dispose();
            states?.Add(next);
            hidden = next;
        }
        return hidden;
    }
}

/// <summary>h = x + attention(LN(x)); y = h + feedforward(LN(h)). With firstOnly: y for position 0.</summary>
internal sealed class VitLayer : Module<Tensor, bool, Tensor>
{
    private readonly LayerNorm layernorm_before;
    private readonly VitAttention attention;
    private readonly LayerNorm layernorm_after;
    private readonly DenseModule intermediate;
    private readonly DenseModule output;
    private readonly HiddenActivation activation;
    private readonly double dropout;

    public VitLayer(VitConfig config, Device? device) : base(nameof(VitLayer))
    {
        layernorm_before = LayerNorm(config.Width, config.LayerNormEps, device: device);
        attention = new VitAttention(config, device);
        layernorm_after = LayerNorm(config.Width, config.LayerNormEps, device: device);
        intermediate = new DenseModule(config.Width, config.Intermediate, device);
        output = new DenseModule(config.Intermediate, config.Width, device);
        activation = config.Activation;
        dropout = config.Dropout.Hidden;
        RegisterComponents();
    }

    // (B, V, d) → (B, V, d), or (B, 1, d)
    public override Tensor forward(Tensor x, bool firstOnly)
    {
        using var scope = NewDisposeScope();
        Tensor context = layernorm_before.call(x);
        Tensor mixed = firstOnly ? attention.call(context.narrow(1, 0, 1), context) : attention.call(context, context);
        Tensor hidden = mixed + (firstOnly ? x.narrow(1, 0, 1) : x);
        return scope.MoveToOuter(FeedForward(layernorm_after.call(hidden)) + hidden);
    }

    private Tensor FeedForward(Tensor x)
    {
        using Tensor wide = intermediate.call(x);
        using Tensor active = activation.Apply(wide);
        return Layers.Drop(output.call(active), dropout, training);
    }
}

internal sealed class VitAttention : Module<Tensor, Tensor, Tensor>
{
    private readonly VitSelfAttention attention;
    private readonly DenseModule output;
    private readonly double dropout;

    public VitAttention(VitConfig config, Device? device) : base(nameof(VitAttention))
    {
        attention = new VitSelfAttention(config, device);
        output = new DenseModule(config.Width, config.Width, device);
        dropout = config.Dropout.Hidden;
        RegisterComponents();
    }

    public override Tensor forward(Tensor x, Tensor context) =>
        Layers.Drop(output.call(attention.call(x, context)), dropout, training);
}

internal sealed class VitSelfAttention : Module<Tensor, Tensor, Tensor>
{
    private readonly Linear query;
    private readonly Linear key;
    private readonly Linear value;
    private readonly long heads;
    private readonly double dropout;

    public VitSelfAttention(VitConfig config, Device? device) : base(nameof(VitSelfAttention))
    {
        query = Linear(config.Width, config.Width, config.QkvBias, device);
        key = Linear(config.Width, config.Width, config.QkvBias, device);
        value = Linear(config.Width, config.Width, config.QkvBias, device);
        heads = config.Heads;
        dropout = config.Dropout.Attention;
        RegisterComponents();
    }

    // Queries from x (B, Q, d), keys and values from context (B, V, d) → (B, Q, d)
    public override Tensor forward(Tensor x, Tensor context)
    {
        using var scope = NewDisposeScope();
        return scope.MoveToOuter(Attention.Attend(
            query.call(x), key.call(context), value.call(context), heads, bias: null, training ? dropout : 0));
    }
}
