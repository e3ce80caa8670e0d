using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace VLPeft.Models.Vit;

internal sealed class VitEmbeddings : Module<Tensor, Tensor>
{
    private readonly Parameter cls_token;
    private readonly Parameter position_embeddings;
    private readonly PatchModule patch_embeddings;
    private readonly double dropout;

    public VitEmbeddings(VitConfig config, Device? device) : base(nameof(VitEmbeddings))
    {
        cls_token = Layers.Bare(zeros(1, 1, config.Width));
        position_embeddings = Layers.Bare(zeros(1, config.Positions, config.Width));
        patch_embeddings = new PatchModule(config.Channels, config.Width, config.PatchSize, device);
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
        Tensor tokens = cat([cls_token.expand(patches.shape[0], -1, -1), patches], 1).Plus(position_embeddings);
        return scope.MoveToOuter(Layers.Drop(tokens, dropout, training));
    }
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
        Tensor hidden = mixed.Plus(firstOnly ? x.narrow(1, 0, 1) : x);
        return scope.MoveToOuter(FeedForward(layernorm_after.call(hidden)).Plus(hidden));
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
