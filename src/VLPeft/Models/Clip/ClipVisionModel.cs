using TorchSharp;
using VLPeft.Checkpoints;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace VLPeft.Models.Clip;

/// <summary>
/// A CLIP's vision tower as an encoder, as Hugging Face's CLIPVisionModel: class token and patches of the last layer, and the normalised class
/// token as the pooled feature, which no projection follows. Parameters carry the names of its checkpoints.
/// </summary>
internal sealed class ClipVisionModel : Module<Tensor, VisionOutput>, IVisionEncoder
{
    private const double InitializerRange = 0.02;

    private readonly ClipVisionTower vision_model;

    /// <summary>A model with fresh weights: N(0, 0.02), biases 0, LayerNorms 1 and 0.</summary>
    /// <param name="config">The architecture.</param>
    /// <param name="pooler">Whether the pooled feature is computed.</param>
    /// <param name="device">Where the weights live; on META nothing is initialised, and a loader must replace them.</param>
    public ClipVisionModel(ClipVisionConfig config, bool pooler = true, Device? device = null) : base(nameof(ClipVisionModel))
    {
        vision_model = new ClipVisionTower(config, pooler, device);
        RegisterComponents();
        if (Layers.IsMeta(device))
            return;
        Layers.Initialise(this, InitializerRange);
        vision_model.Initialise(InitializerRange);
        if (device is not null)
            this.to(device);
    }

    /// <summary>The architecture.</summary>
    public ClipVisionConfig Config => vision_model.Config;

    /// <inheritdoc/>
    public long Width => Config.Tower.Width;

    /// <inheritdoc/>
    public long ImageSize => Config.ImageSize;

    /// <inheritdoc/>
    public long Channels => Config.Channels;

    /// <inheritdoc/>
    public long Positions => Config.Positions;

    /// <inheritdoc/>
    public bool HasPooler => vision_model.HasPooler;

    /// <inheritdoc/>
    public string ConfigJson => Config.ToJson().ToJsonString(ConfigReader.Indented) + "\n";

    /// <inheritdoc/>
    public nn.Module Module => this;

    /// <summary>The last hidden state and the pooled feature of pixels (B, channels, size, size).</summary>
    public override VisionOutput forward(Tensor pixelValues) => Encode(pixelValues);

    /// <inheritdoc/>
    public VisionOutput Encode(Tensor pixelValues, OutputPositions positions = OutputPositions.All, bool hiddenStates = false) =>
        vision_model.Encode(pixelValues, positions, hiddenStates);

    /// <summary>Loads a folder of a whole CLIP, of which the rest is left out, or of its vision tower. Frozen, in eval mode.</summary>
    /// <exception cref="InvalidInputException">The folder's configuration is not supported, or its weights don't fit it.</exception>
    public static ClipVisionModel FromFolder(string folder, BackboneOptions? options = null)
    {
        options ??= new BackboneOptions();
        ClipVisionConfig config = ClipVisionConfig.Read(ConfigReader.OpenFolder(folder));
        if (options.Dropout is { } dropout)
            config = config with { Tower = config.Tower with { AttentionDropout = dropout.Attention } };
        bool pooler = options.Pooler != PoolerSource.None;
        if (options.Weights == BackboneWeights.Random)
            return new ClipVisionModel(config, pooler);
        ClipVisionModel model = new(config, pooler, META);
        if (options.Weights == BackboneWeights.ShapesOnly)
            return model;
        using CheckpointFolder source = CheckpointFolder.Open(folder);
        StateDictLoader.Load(model, source, new LoadOptions { Ignore = Others });
        model.eval();
        return model;
    }

    private static readonly string[] Others =
        ["text_model.*", "text_projection.*", "visual_projection.*", "logit_scale", "*position_ids", "vision_model.post_layernorm.*"];
}
