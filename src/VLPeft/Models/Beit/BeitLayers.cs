using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace VLPeft.Models.Beit;

internal sealed class BeitEmbeddings : Module<Tensor, Tensor>
{
    private readonly Parameter cls_token;
    private readonly Parameter? position_embeddings;
    private readonly PatchModule patch_embeddings;
    private readonly double dropout;

    public BeitEmbeddings(BeitConfig config, Device? device) : base(nameof(BeitEmbeddings))
    {
        cls_token = Layers.Bare(zeros(1, 1, config.Width));
        position_embeddings = config.AbsolutePositions ? Layers.Bare(zeros(1, config.Positions, config.Width)) : null;
        patch_embeddings = new PatchModule(config.Channels, config.Width, config.PatchSize, device);
        dropout = config.Dropout.Hidden;
        RegisterComponents();
    }

    public Tensor AnyWeight => cls_token;

    // (B, C, H, W) → (B, V, d)
    public override Tensor forward(Tensor pixelValues)
    {
        using var scope = NewDisposeScope();
        Tensor patches = patch_embeddings.call(pixelValues);
        Tensor tokens = cat([cls_token.expand(patches.shape[0], -1, -1), patches], 1);
        if (position_embeddings is not null)
            tokens = tokens.Plus(position_embeddings);
        return scope.MoveToOuter(Layers.Drop(tokens, dropout, training));
    }
}

internal sealed class BeitEncoder : Module
{
    private readonly BeitRelativePositionBias? relative_position_bias;
    private readonly ModuleList<BeitLayer> layer = [];

    public BeitEncoder(BeitConfig config, Device? device) : base(nameof(BeitEncoder))
    {
        relative_position_bias = config.SharedRelativePositions ? new BeitRelativePositionBias(config) : null;
        for (long i = 0; i < config.Layers; i++)
            layer.Add(new BeitLayer(config, i, device));
        RegisterComponents();
    }

    public Tensor Run(Tensor hidden, OutputPositions positions, List<Tensor>? states)
    {
        using Tensor? shared = relative_position_bias?.Bias();
        states?.Add(hidden);
        for (int i = 0; i < layer.Count; i++)
        {
            bool firstOnly = positions == OutputPositions.First && i == layer.Count - 1;
            Tensor next = layer[i].call(hidden, shared, firstOnly);
            if (states is null)
                hidden.Dispose();
            states?.Add(next);
            hidden = next;
        }
        return hidden;
    }
}

/// <summary>h = x + λ₁ attention(LN(x)); y = h + λ₂ feedforward(LN(h)). With firstOnly: y for position 0.</summary>
internal sealed class BeitLayer : Module<Tensor, Tensor?, bool, Tensor>
{
    private readonly LayerNorm layernorm_before;
    private readonly BeitAttention attention;
    private readonly LayerNorm layernorm_after;
    private readonly DenseModule intermediate;
    private readonly DenseModule output;
    private readonly Parameter? lambda_1;
    private readonly Parameter? lambda_2;
    private readonly HiddenActivation activation;
    private readonly double dropout;
    private readonly double pathDropout;

    public BeitLayer(BeitConfig config, long index, Device? device) : base(nameof(BeitLayer))
    {
        layernorm_before = LayerNorm(config.Width, config.LayerNormEps, device: device);
        attention = new BeitAttention(config, device);
        layernorm_after = LayerNorm(config.Width, config.LayerNormEps, device: device);
        intermediate = new DenseModule(config.Width, config.Intermediate, device);
        output = new DenseModule(config.Intermediate, config.Width, device);
        if (config.LayerScale > 0)
        {
            lambda_1 = Layers.Bare(full(config.Width, Scalars.Of(config.LayerScale)));
            lambda_2 = Layers.Bare(full(config.Width, Scalars.Of(config.LayerScale)));
        }
        activation = config.Activation;
        dropout = config.Dropout.Hidden;
        pathDropout = config.Layers > 1 ? config.Dropout.Path * index / (config.Layers - 1) : 0;
        RegisterComponents();
    }

    // (B, V, d) → (B, V, d), or (B, 1, d)
    public override Tensor forward(Tensor x, Tensor? sharedBias, bool firstOnly)
    {
        using var scope = NewDisposeScope();
        Tensor context = layernorm_before.call(x);
        Tensor mixed = attention.call(firstOnly ? context.narrow(1, 0, 1) : context, context, sharedBias);
        Tensor hidden = Branch(mixed, lambda_1).Plus(firstOnly ? x.narrow(1, 0, 1) : x);
        return scope.MoveToOuter(Branch(FeedForward(layernorm_after.call(hidden)), lambda_2).Plus(hidden));
    }

    private Tensor FeedForward(Tensor x)
    {
        using Tensor wide = intermediate.call(x);
        using Tensor active = activation.Apply(wide);
        return Layers.Drop(output.call(active), dropout, training);
    }

    private Tensor Branch(Tensor x, Parameter? scale)
    {
        Tensor scaled = scale is null ? x : x * scale;
        if (!training || pathDropout == 0)
            return scaled;
        // One draw per sample: (B, 1, 1)
        Tensor kept = empty(x.shape[0], 1, 1, dtype: x.dtype, device: x.device).bernoulli_(1 - pathDropout);
        return scaled * kept.div_(Scalars.Of(1 - pathDropout));
    }
}

internal sealed class BeitAttention : Module<Tensor, Tensor, Tensor?, Tensor>
{
    private readonly BeitSelfAttention attention;
    private readonly DenseModule output;
    private readonly double dropout;

    public BeitAttention(BeitConfig config, Device? device) : base(nameof(BeitAttention))
    {
        attention = new BeitSelfAttention(config, device);
        output = new DenseModule(config.Width, config.Width, device);
        dropout = config.Dropout.Hidden;
        RegisterComponents();
    }

    public override Tensor forward(Tensor x, Tensor context, Tensor? sharedBias) =>
        Layers.Drop(output.call(attention.call(x, context, sharedBias)), dropout, training);
}

internal sealed class BeitSelfAttention : Module<Tensor, Tensor, Tensor?, Tensor>
{
    private readonly Linear query;
    private readonly Linear key;
    private readonly Linear value;
    private readonly BeitRelativePositionBias? relative_position_bias;
    private readonly long heads;
    private readonly double dropout;

    public BeitSelfAttention(BeitConfig config, Device? device) : base(nameof(BeitSelfAttention))
    {
        query = Linear(config.Width, config.Width, device: device);
        key = Linear(config.Width, config.Width, hasBias: false, device: device);
        value = Linear(config.Width, config.Width, device: device);
        relative_position_bias = config.RelativePositions ? new BeitRelativePositionBias(config) : null;
        heads = config.Heads;
        dropout = config.Dropout.Attention;
        RegisterComponents();
    }

    // Queries from x (B, Q, d), keys and values from context (B, V, d) → (B, Q, d)
    public override Tensor forward(Tensor x, Tensor context, Tensor? sharedBias)
    {
        using var scope = NewDisposeScope();
        Tensor? own = relative_position_bias?.Bias();
        Tensor? bias = own is null ? sharedBias : sharedBias is null ? own : own.Plus(sharedBias);
        // (1, h, V, V) → (1, h, Q, V)
        bias = bias?.narrow(2, 0, x.shape[1]);
        return scope.MoveToOuter(Attention.Attend(
            query.call(x), key.call(context), value.call(context), heads, bias, training ? dropout : 0));
    }
}

/// <summary>With mean pooling LayerNorm(mean of the patches), else position 0: (B, V, d) → (B, d).</summary>
internal sealed class BeitPooler : Module<Tensor, Tensor>
{
    private readonly LayerNorm? layernorm;

    public BeitPooler(BeitConfig config, Device? device) : base(nameof(BeitPooler))
    {
        layernorm = config.MeanPooling ? LayerNorm(config.Width, config.LayerNormEps, device: device) : null;
        RegisterComponents();
    }

    public override Tensor forward(Tensor hidden) => layernorm is null
        ? hidden.select(1, 0)
        : layernorm.call(hidden.narrow(1, 1, hidden.shape[1] - 1).mean([1]));
}
