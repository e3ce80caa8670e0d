using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace VLPeft.Models.Bart;

/// <summary>What an attention needs beside its queries' hidden states.</summary>
/// <param name="Bias">Added to the scores, broadcasts to (B, 1, Q, K); null when every query sees every key.</param>
/// <param name="Memory">What cross-attention reads; null for self-attention.</param>
/// <param name="Cache">Keys and values so far of the decoder's self-attention, or null.</param>
internal sealed record BartAttentionContext(Tensor? Bias, EncoderMemory? Memory = null, KeyValueCache? Cache = null);

internal sealed class BartAttention : Module<Tensor, BartAttentionContext, Tensor>, IExtensibleAttention
{
    private readonly Linear k_proj;
    private readonly Linear v_proj;
    private readonly Linear q_proj;
    private readonly Linear out_proj;
    private readonly int layer;
    private readonly long heads;
    private readonly double dropout;

    public BartAttention(BartConfig config, int layer, long heads, Device? device) : base(nameof(BartAttention))
    {
        k_proj = Linear(config.Width, config.Width, device: device);
        v_proj = Linear(config.Width, config.Width, device: device);
        q_proj = Linear(config.Width, config.Width, device: device);
        out_proj = Linear(config.Width, config.Width, device: device);
        (this.layer, this.heads, dropout, Width) = (layer, heads, config.Dropout.Attention, config.Width);
        RegisterComponents();
    }

    public IExtraKeys? Extra { get; set; }

    public long Width { get; }

    // (B, Q, d) → (B, Q, d)
    public override Tensor forward(Tensor x, BartAttentionContext context)
    {
        using var scope = NewDisposeScope();
        (Tensor keys, Tensor values) = context.Memory is { } memory ? memory.Of(layer, Project) : Project(x);
        if (context.Cache is { } cache)
            (keys, values) = cache.Append(layer, keys, values);
        Tensor mixed = Attention.Attend(q_proj.call(x), keys, values, heads, context.Bias, training ? dropout : 0, extra: Extra);
        return scope.MoveToOuter(out_proj.call(mixed));
    }

    private (Tensor Keys, Tensor Values) Project(Tensor x) => (k_proj.call(x), v_proj.call(x));
}

/// <summary>x + attention(x), LayerNorm, x + feed-forward(x), LayerNorm.</summary>
internal sealed class BartEncoderLayer : Module<Tensor, BartAttentionContext, Tensor>
{
    private readonly BartAttention self_attn;
    private readonly LayerNorm self_attn_layer_norm;
    private readonly Linear fc1;
    private readonly Linear fc2;
    private readonly LayerNorm final_layer_norm;
    private readonly BartConfig config;

    public BartEncoderLayer(BartConfig config, int layer, Device? device) : base(nameof(BartEncoderLayer))
    {
        self_attn = new BartAttention(config, layer, config.EncoderHeads, device);
        self_attn_layer_norm = LayerNorm(config.Width, device: device);
        fc1 = Linear(config.Width, config.EncoderIntermediate, device: device);
        fc2 = Linear(config.EncoderIntermediate, config.Width, device: device);
        final_layer_norm = LayerNorm(config.Width, device: device);
        this.config = config;
        RegisterComponents();
    }

    // (B, S, d) → (B, S, d)
    public override Tensor forward(Tensor x, BartAttentionContext context)
    {
        using var scope = NewDisposeScope();
        Tensor attended = Layers.Drop(self_attn.call(x, context), config.Dropout.Hidden, training);
        Tensor hidden = self_attn_layer_norm.call(x.Plus(attended));
        return scope.MoveToOuter(final_layer_norm.call(hidden.Plus(BartFeedForward.Run(fc1, fc2, hidden, config, training))));
    }
}

/// <summary>x + self-attention(x), LayerNorm, x + cross-attention(x, encoder), LayerNorm, x + feed-forward(x), LayerNorm.</summary>
internal sealed class BartDecoderLayer : Module<Tensor, BartAttentionContext, BartAttentionContext, Tensor>
{
    private readonly BartAttention self_attn;
    private readonly LayerNorm self_attn_layer_norm;
    private readonly BartAttention encoder_attn;
    private readonly LayerNorm encoder_attn_layer_norm;
    private readonly Linear fc1;
    private readonly Linear fc2;
    private readonly LayerNorm final_layer_norm;
    private readonly BartConfig config;

    public BartDecoderLayer(BartConfig config, int layer, Device? device) : base(nameof(BartDecoderLayer))
    {
        self_attn = new BartAttention(config, layer, config.DecoderHeads, device);
        self_attn_layer_norm = LayerNorm(config.Width, device: device);
        encoder_attn = new BartAttention(config, layer, config.DecoderHeads, device);
        encoder_attn_layer_norm = LayerNorm(config.Width, device: device);
        fc1 = Linear(config.Width, config.DecoderIntermediate, device: device);
        fc2 = Linear(config.DecoderIntermediate, config.Width, device: device);
        final_layer_norm = LayerNorm(config.Width, device: device);
        this.config = config;
        RegisterComponents();
    }

    // (B, Q, d) → (B, Q, d)
    public override Tensor forward(Tensor x, BartAttentionContext self, BartAttentionContext cross)
    {
        using var scope = NewDisposeScope();
        Tensor hidden = self_attn_layer_norm.call(x.Plus(Layers.Drop(self_attn.call(x, self), config.Dropout.Hidden, training)));
        hidden = encoder_attn_layer_norm.call(hidden.Plus(Layers.Drop(encoder_attn.call(hidden, cross), config.Dropout.Hidden, training)));
        return scope.MoveToOuter(final_layer_norm.call(hidden.Plus(BartFeedForward.Run(fc1, fc2, hidden, config, training))));
    }
}

internal static class BartFeedForward
{
    // (…, d) → (…, intermediate) → (…, d)
    public static Tensor Run(Linear fc1, Linear fc2, Tensor x, BartConfig config, bool training)
    {
        Tensor inner = Layers.Drop(config.Activation.Apply(fc1.call(x)), config.ActivationDropout, training);
        return Layers.Drop(fc2.call(inner), config.Dropout.Hidden, training);
    }
}
