using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace VLPeft.Models.Clip;

/// <summary>What a CLIP has under the name "vision_model". P patches, V = 1 + P.</summary>
internal sealed class ClipVisionTower : Module
{
    private readonly ClipVisionEmbeddings embeddings;
    // Hugging Face's spelling.
    private readonly LayerNorm pre_layrnorm;
    private readonly ClipEncoder encoder;
    private readonly LayerNorm? post_layernorm;

    /// <param name="config">The architecture.</param>
    /// <param name="pooler">Whether the class token is normalised to a pooled feature.</param>
    /// <param name="device">Where the weights live.</param>
    public ClipVisionTower(ClipVisionConfig config, bool pooler, Device? device) : base(nameof(ClipVisionTower))
    {
        Config = config;
        embeddings = new ClipVisionEmbeddings(config, device);
        pre_layrnorm = LayerNorm(config.Tower.Width, config.Tower.LayerNormEps, device: device);
        encoder = new ClipEncoder(config.Tower, device);
        post_layernorm = pooler ? LayerNorm(config.Tower.Width, config.Tower.LayerNormEps, device: device) : null;
        RegisterComponents();
    }

    public ClipVisionConfig Config { get; }

    public bool HasPooler => post_layernorm is not null;

    /// <summary>The final LayerNorm, (B, d) → (B, d).</summary>
    public Tensor Normalise(Tensor x) => post_layernorm!.call(x);

    public void Initialise(double sd) => embeddings.Initialise(sd);

    // The pooled feature alone is normalised behind the last layer, as Hugging Face has it.
    public VisionOutput Encode(Tensor pixelValues, OutputPositions positions, bool hiddenStates)
    {
        Layers.Expect(pixelValues, "pixel values", "(B, channels, height, width)", -1, Config.Channels, Config.ImageSize, Config.ImageSize);
        Layers.ExpectType(pixelValues, "pixel values", pre_layrnorm.weight!);
        List<Tensor>? states = hiddenStates ? [] : null;
        using var scope = NewDisposeScope();
        Tensor last = encoder.Run(pre_layrnorm.call(embeddings.call(pixelValues)), null, positions, states);
        Tensor? pooled = post_layernorm?.call(last.select(1, 0));
        scope.MoveToOuter(states ?? []);
        return new VisionOutput(scope.MoveToOuter(last), pooled is null ? null : scope.MoveToOuter(pooled), states);
    }
}

internal sealed class ClipVisionEmbeddings : Module<Tensor, Tensor>
{
    private readonly Parameter class_embedding;
    private readonly Conv2d patch_embedding;
    private readonly Embedding position_embedding;

    public ClipVisionEmbeddings(ClipVisionConfig config, Device? device) : base(nameof(ClipVisionEmbeddings))
    {
        class_embedding = Layers.Bare(zeros(config.Tower.Width));
        patch_embedding = Conv2d(config.Channels, config.Tower.Width, config.PatchSize, stride: config.PatchSize, bias: false, device: device);
        position_embedding = Layers.Table(config.Positions, config.Tower.Width, device);
        RegisterComponents();
    }

    public void Initialise(double sd)
    {
        using var _ = no_grad();
        init.normal_(class_embedding, 0, sd);
    }

    // (B, C, H, W) → (B, P, d) → (B, V, d)
    public override Tensor forward(Tensor pixelValues)
    {
        using var scope = NewDisposeScope();
        Tensor patches = PatchModule.Project(patch_embedding, pixelValues);
        Tensor tokens = cat([class_embedding.expand(patches.shape[0], 1, -1), patches], 1);
        return scope.MoveToOuter(tokens.Plus(position_embedding.weight!));
    }
}
