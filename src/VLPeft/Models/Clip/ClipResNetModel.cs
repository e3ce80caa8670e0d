using TorchSharp;
using VLPeft.Checkpoints;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace VLPeft.Models.Clip;

/// <summary>
/// A CLIP's ResNet as an encoder, with OpenAI's names. Its tokens are what VL-Adapter takes: the last map before the attention pooling,
/// average-pooled to grid × grid places, in rows from the top. Its pooled feature is the map's mean, d wide like the tokens; what the attention
/// pooling gives is of another width, and comes from <see cref="Embed"/>. B batch, V = grid², d = 32 × width channels.
/// </summary>
internal sealed class ClipResNetModel : Module<Tensor, VisionOutput>, IVisionEncoder
{
    // The text side of OpenAI's state dict, and what its archives hold beside the weights.
    private static readonly string[] Others =
    [
        "*num_batches_tracked", "transformer.*", "token_embedding.*", "positional_embedding", "ln_final.*", "text_projection", "logit_scale",
        "input_resolution", "context_length", "vocab_size",
    ];

    private readonly ClipResNetTower visual;

    /// <summary>A model with fresh weights: He's normal initialisation, biases 0.</summary>
    /// <param name="config">The architecture.</param>
    /// <param name="pooler">Whether the pooled feature is computed.</param>
    /// <param name="device">Where the weights live; on META nothing is initialised, and a loader must replace them.</param>
    public ClipResNetModel(ClipResNetConfig config, bool pooler = true, Device? device = null) : base(nameof(ClipResNetModel))
    {
        (Config, HasPooler) = (config, pooler);
        visual = new ClipResNetTower(config, device);
        RegisterComponents();
        if (Layers.IsMeta(device))
            return;
        Layers.InitialiseConvolutions(this);
        visual.Initialise();
        if (device is not null)
            this.to(device);
    }

    /// <summary>The architecture.</summary>
    public ClipResNetConfig Config { get; }

    /// <inheritdoc/>
    public long Width => Config.Channels;

    /// <inheritdoc/>
    public long ImageSize => Config.ImageSize;

    /// <inheritdoc/>
    public long Channels => 3;

    /// <inheritdoc/>
    public long Positions => Config.Grid * Config.Grid;

    /// <inheritdoc/>
    public bool HasPooler { get; }

    /// <inheritdoc/>
    public string ConfigJson => Config.ToJson();

    /// <inheritdoc/>
    public nn.Module Module => this;

    /// <summary>Tokens and pooled feature of pixels (B, 3, size, size).</summary>
    public override VisionOutput forward(Tensor pixelValues) => Encode(pixelValues);

    /// <inheritdoc/>
    public VisionOutput Encode(Tensor pixelValues, OutputPositions positions = OutputPositions.All, bool hiddenStates = false)
    {
        using var scope = NewDisposeScope();
        Tensor[] stages = Stages(pixelValues);
        Tensor[]? states = hiddenStates ? [.. stages.Select(map => scope.MoveToOuter(Tokens(map)))] : null;
        Tensor grid = functional.adaptive_avg_pool2d(stages[^1], [Config.Grid, Config.Grid]);
        return new VisionOutput(
            scope.MoveToOuter(Tokens(grid)), HasPooler ? scope.MoveToOuter(stages[^1].mean([2, 3])) : null, states);
    }

    /// <summary>The maps of the four stages, (B, channels, height, width).</summary>
    /// <exception cref="ArgumentException">The pixels' shape or type is not the encoder's.</exception>
    public Tensor[] Stages(Tensor pixelValues)
    {
        Layers.Expect(pixelValues, "pixel values", "(B, channels, height, width)", -1, Channels, ImageSize, ImageSize);
        if (pixelValues.dtype != visual.Dtype)
            throw new ArgumentException($"pixel values must be {visual.Dtype} like the weights, not {pixelValues.dtype}.");
        return visual.Stages(pixelValues);
    }

    /// <summary>CLIP's picture feature, before it gets length 1: the last stage's map (B, d, H, W) → (B, output width).</summary>
    public Tensor Embed(Tensor map)
    {
        Layers.Expect(map, "the last map", "(B, d, height, width)", -1, Width, Config.MapSide, Config.MapSide);
        return visual.Pool(map);
    }

    /// <summary>
    /// Loads a folder: config.json and safetensors with the tensors of OpenAI's state dict, of a whole CLIP or of its picture side. Frozen,
    /// in eval mode.
    /// </summary>
    /// <exception cref="InvalidInputException">The folder's configuration is not supported, or its weights don't fit it.</exception>
    public static ClipResNetModel FromFolder(string folder, BackboneOptions? options = null)
    {
        options ??= new BackboneOptions();
        ClipResNetConfig config = ClipResNetConfig.Read(ConfigReader.OpenFolder(folder));
        bool pooler = options.Pooler != PoolerSource.None;
        if (options.Weights == BackboneWeights.Random)
            return new ClipResNetModel(config, pooler);
        ClipResNetModel model = new(config, pooler, META);
        if (options.Weights == BackboneWeights.ShapesOnly)
            return model;
        using CheckpointFolder source = CheckpointFolder.Open(folder);
        StateDictLoader.Load(model, source, new LoadOptions { Ignore = Others });
        model.eval();
        return model;
    }

    // (B, C, H, W) → (B, C, H·W) → (B, H·W, C)
    private static Tensor Tokens(Tensor map) => map.flatten(2).transpose(1, 2);
}
