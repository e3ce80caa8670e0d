using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace VLPeft.Models.T5;

/// <summary>x / √(mean(x²) + ε) · weight: no mean is taken off, no bias added (Zhang and Sennrich, NeurIPS 2019).</summary>
internal sealed class T5LayerNorm : Module<Tensor, Tensor>
{
    private readonly Parameter weight;
    private readonly double eps;

    public T5LayerNorm(long width, double eps, Device? device) : base(nameof(T5LayerNorm))
    {
        weight = Layers.Bare(ones(width, device: device));
        this.eps = eps;
        RegisterComponents();
    }

    // (…, d) → (…, d); the mean in fp32, whatever the type.
    public override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        Tensor wide = x.to(ScalarType.Float32);
        Tensor normed = wide * wide.pow(Scalars.Of(2)).mean([-1], keepdim: true).Plus(eps).rsqrt();
        return scope.MoveToOuter(weight * normed.to(weight.dtype));
    }
}

/// <summary>What an attention sees beside its queries.</summary>
/// <param name="Bias">Added to the scores, broadcasts to (B, h, Q, K); null for none.</param>
/// <param name="Memory">What cross-attention reads; null for self-attention.</param>
/// <param name="Cache">Keys and values so far of the decoder's self-attention, or null.</param>
/// <param name="Input">Told what the attention reads, (B, Q, d), before it does.</param>
internal sealed record T5AttentionContext(Tensor? Bias, EncoderMemory? Memory = null, KeyValueCache? Cache = null, Action<Tensor>? Input = null);

/// <summary>Attention without biases and without 1/√e; the first layer's of a stack holds the table of relative positions.</summary>
internal sealed class T5Attention : Module<Tensor, T5AttentionContext, Tensor>, IExtensibleAttention
{
    private readonly Linear q;
    private readonly Linear k;
    private readonly Linear v;
    private readonly Linear o;
    private readonly Embedding? relative_attention_bias;
    private readonly int layer;
    private readonly long heads;
    private readonly double dropout;

    public T5Attention(T5Config config, int layer, bool relative, Device? device) : base(nameof(T5Attention))
    {
        q = Linear(config.Width, config.Inner, hasBias: false, device: device);
        k = Linear(config.Width, config.Inner, hasBias: false, device: device);
        v = Linear(config.Width, config.Inner, hasBias: false, device: device);
        o = Linear(config.Inner, config.Width, hasBias: false, device: device);
        relative_attention_bias = relative ? Layers.Table(config.Buckets, config.Heads, device) : null;
        (this.layer, heads, dropout) = (layer, config.Heads, config.Dropout.Attention);
        Width = config.Inner;
        RegisterComponents();
    }

    /// <inheritdoc/>
    public IExtraKeys? Extra { get; set; }

    /// <inheritdoc/>
    public long Width { get; }

    /// <summary>(buckets, h).</summary>
    /// <exception cref="InvalidOperationException">This is no first layer's.</exception>
    public Embedding Relative => relative_attention_bias ?? throw new InvalidOperationException("only the first layer has relative positions.");

    // (B, Q, d) → (B, Q, d)
    public override Tensor forward(Tensor x, T5AttentionContext context)
    {
        using var scope = NewDisposeScope();
        context.Input?.Invoke(x);
        (Tensor keys, Tensor values) = context.Memory is { } memory ? memory.Of(layer, Project) : Project(x); // (B, K, h·e)
        if (context.Cache is { } cache)
            (keys, values) = cache.Append(layer, keys, values);
        Tensor mixed = Attention.Attend(q.call(x), keys, values, heads, context.Bias, training ? dropout : 0, divisor: 1, extra: Extra);
        return scope.MoveToOuter(o.call(mixed));
    }

    private (Tensor Keys, Tensor Values) Project(Tensor x) => (k.call(x), v.call(x));

    // As the reference draws them: since nothing divides by √e, the queries' are smaller by it.
    public void Initialise(T5Config config)
    {
        double narrow = config.InitializerFactor / Math.Sqrt(config.Width);
        init.normal_(q.weight!, 0, narrow / Math.Sqrt(config.HeadWidth));
        init.normal_(k.weight!, 0, narrow);
        init.normal_(v.weight!, 0, narrow);
        init.normal_(o.weight!, 0, config.InitializerFactor / Math.Sqrt(config.Inner));
        if (relative_attention_bias is not null)
            init.normal_(relative_attention_bias.weight!, 0, narrow);
    }
}

/// <summary>wo(act(wi x)), or wo(act(wi_0 x) ∘ wi_1 x).</summary>
internal sealed class T5FeedForward : Module<Tensor, Tensor>
{
    private readonly Linear? wi;
    private readonly Linear? wi_0;
    private readonly Linear? wi_1;
    private readonly Linear wo;
    private readonly HiddenActivation activation;
    private readonly double dropout;

    public T5FeedForward(T5Config config, Device? device) : base(nameof(T5FeedForward))
    {
        if (config.FeedForward == T5FeedForwardKind.Gated)
        {
            wi_0 = Linear(config.Width, config.Intermediate, hasBias: false, device: device);
            wi_1 = Linear(config.Width, config.Intermediate, hasBias: false, device: device);
        }
        else
        {
            wi = Linear(config.Width, config.Intermediate, hasBias: false, device: device);
        }
        wo = Linear(config.Intermediate, config.Width, hasBias: false, device: device);
        (activation, dropout) = (config.Activation, config.Dropout.Hidden);
        RegisterComponents();
    }

    // (B, T, d) → (B, T, d)
    public override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        Tensor inner = activation.Apply((wi ?? wi_0)!.call(x));
        if (wi_1 is not null)
            inner *= wi_1.call(x);
        return scope.MoveToOuter(wo.call(Layers.Drop(inner, dropout, training)));
    }

    public void Initialise(T5Config config)
    {
        foreach (Linear entry in new[] { wi, wi_0, wi_1 }.OfType<Linear>())
            init.normal_(entry.weight!, 0, config.InitializerFactor / Math.Sqrt(config.Width));
        init.normal_(wo.weight!, 0, config.InitializerFactor / Math.Sqrt(config.Intermediate));
    }
}
