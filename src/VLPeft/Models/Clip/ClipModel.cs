using TorchSharp;
using TorchSharp.Modules;
using VLPeft.Checkpoints;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace VLPeft.Models.Clip;

/// <summary>
/// CLIP (Radford et al., ICML 2021) as Hugging Face's CLIPModel: a text and a vision tower whose projections lie close where text and picture
/// belong together. Parameters carry the names of its checkpoints. B batch, T text positions, p projected width.
/// </summary>
public sealed class ClipModel : nn.Module
{
    private readonly Parameter logit_scale;
    private readonly ClipTextTower text_model;
    private readonly ClipVisionTower vision_model;
    private readonly Linear visual_projection;
    private readonly Linear text_projection;

    /// <summary>A model with fresh weights: N(0, initializer range), biases 0, LayerNorms 1 and 0, from torch's global generator.</summary>
    /// <param name="config">The architecture.</param>
    /// <param name="initializerRange">Standard deviation of fresh weights.</param>
    /// <param name="device">Where the weights live; on META nothing is initialised, and a loader must replace them.</param>
    internal ClipModel(ClipConfig config, double initializerRange = 0.02, Device? device = null) : base(nameof(ClipModel))
    {
        Config = config;
        logit_scale = Layers.Bare(full([], Scalars.Of(config.LogitScale), ScalarType.Float32));
        text_model = new ClipTextTower(config.Text, device);
        vision_model = new ClipVisionTower(config.Vision, pooler: true, device);
        visual_projection = Linear(config.Vision.Tower.Width, config.ProjectionWidth, hasBias: false, device: device);
        text_projection = Linear(config.Text.Tower.Width, config.ProjectionWidth, hasBias: false, device: device);
        RegisterComponents();
        if (Layers.IsMeta(device))
            return;
        Layers.Initialise(this, initializerRange);
        vision_model.Initialise(initializerRange);
        if (device is not null)
            this.to(device);
    }

    internal ClipConfig Config { get; }

    /// <summary>p: the width of both projections.</summary>
    public long ProjectionWidth => Config.ProjectionWidth;

    /// <summary>The largest T.</summary>
    public long MaxLength => Config.Text.MaxLength;

    /// <summary>The configuration as Hugging Face's config.json.</summary>
    public string ConfigJson => Config.ToJson();

    /// <summary>The text tower without its projection.</summary>
    /// <param name="ids">(B, T), int64, each with the end token.</param>
    /// <param name="mask">(B, T), 1 for tokens and 0 for padding; null when nothing is padded, or all padding stands behind the end.</param>
    /// <param name="hiddenStates">Whether to return the hidden states of all layers too.</param>
    /// <exception cref="ArgumentException">Wrong shape or type, T beyond <see cref="MaxLength"/>, or an id outside the vocabulary.</exception>
    public ClipTextOutput EncodeText(Tensor ids, Tensor? mask = null, bool hiddenStates = false) => text_model.Encode(ids, mask, hiddenStates);

    /// <summary>The vision tower without its projection.</summary>
    /// <inheritdoc cref="IVisionEncoder.Encode"/>
    public VisionOutput EncodeImage(Tensor pixelValues, OutputPositions positions = OutputPositions.All, bool hiddenStates = false) =>
        vision_model.Encode(pixelValues, positions, hiddenStates);

    /// <summary>The projected texts, of length 1: (B, p).</summary>
    /// <inheritdoc cref="EncodeText"/>
    public Tensor TextFeatures(Tensor ids, Tensor? mask = null)
    {
        using var scope = NewDisposeScope();
        return scope.MoveToOuter(Unit(text_projection.call(EncodeText(ids, mask).Pooled)));
    }

    /// <summary>The projected pictures, of length 1: (B, p).</summary>
    /// <param name="pixelValues">Normalised pixels, (B, channels, size, size).</param>
    /// <exception cref="ArgumentException">The pixels' shape or type is not the model's.</exception>
    public Tensor ImageFeatures(Tensor pixelValues)
    {
        using var scope = NewDisposeScope();
        return scope.MoveToOuter(Unit(visual_projection.call(EncodeImage(pixelValues, OutputPositions.First).Pooled!)));
    }

    /// <summary>How well each picture fits each text: e^scale times the cosine.</summary>
    /// <param name="imageFeatures">Of <see cref="ImageFeatures"/>, (N, p).</param>
    /// <param name="textFeatures">Of <see cref="TextFeatures"/>, (M, p).</param>
    /// <returns>(N, M).</returns>
    /// <exception cref="ArgumentException">The widths are not p.</exception>
    public Tensor Logits(Tensor imageFeatures, Tensor textFeatures)
    {
        Layers.Expect(imageFeatures, "image features", "(N, p)", -1, ProjectionWidth);
        Layers.Expect(textFeatures, "text features", "(M, p)", -1, ProjectionWidth);
        using var scope = NewDisposeScope();
        return scope.MoveToOuter(functional.linear(imageFeatures, textFeatures) * logit_scale.exp());
    }

    /// <summary>
    /// The projected pictures, of length 1, twice: from the class token, as <see cref="ImageFeatures"/> has them, and from the mean of the patch
    /// tokens, through the same LayerNorm and projection.
    /// </summary>
    internal (Tensor Token, Tensor Patches) BothImageFeatures(Tensor pixelValues)
    {
        using var scope = NewDisposeScope();
        VisionOutput output = EncodeImage(pixelValues);
        Tensor mean = output.LastHiddenState.narrow(1, 1, Config.Vision.Positions - 1).mean([1]);
        return (scope.MoveToOuter(Unit(visual_projection.call(output.Pooled!))),
            scope.MoveToOuter(Unit(visual_projection.call(vision_model.Normalise(mean)))));
    }

    /// <summary>Cuts the scale's logarithm to a bound, as training does before every step.</summary>
    internal void LimitScale(double largest)
    {
        using var _ = no_grad();
        logit_scale.clamp_max_(Scalars.Of(largest));
    }

    /// <summary>Loads a Hugging Face folder: config.json and safetensors weights. Frozen, in eval mode.</summary>
    /// <exception cref="InvalidInputException">The folder's configuration is not supported, or its weights don't fit it.</exception>
    public static ClipModel FromFolder(string folder)
    {
        ClipModel model = new(ClipConfig.Read(ConfigReader.OpenFolder(folder)), device: META);
        using CheckpointFolder source = CheckpointFolder.Open(folder);
        StateDictLoader.Load(model, source, new LoadOptions { Ignore = ["*position_ids"] });
        model.eval();
        return model;
    }

    private static Tensor Unit(Tensor x) => x / x.norm(1, keepdim: true);
}
