using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace VLPeft.Models.Gpt2;

/// <summary>What a block's attention needs beside its input.</summary>
/// <param name="Bias">Added to the scores, broadcasts to (B, 1, Q, K); null when every query sees every key.</param>
/// <param name="Cache">Keys and values so far, or null.</param>
internal sealed record Gpt2Context(Tensor? Bias, KeyValueCache? Cache);

internal sealed class Gpt2Transformer : Module
{
    private readonly Embedding wte;
    private readonly Embedding wpe;
    private readonly ModuleList<Gpt2Block> h = [];
    private readonly LayerNorm ln_f;
    private readonly double dropout;

    public Gpt2Transformer(Gpt2Config config, Device? device) : base(nameof(Gpt2Transformer))
    {
        wte = Layers.Table(config.VocabularySize, config.Width, device);
        wpe = Layers.Table(config.MaxLength, config.Width, device);
        for (int i = 0; i < config.Layers; i++)
            h.Add(new Gpt2Block(config, i, device));
        ln_f = LayerNorm(config.Width, config.LayerNormEps, device: device);
        dropout = config.EmbeddingDropout;
        RegisterComponents();
    }

    /// <summary>(vocabulary, d); a new handle each time.</summary>
    public Parameter WordTable => wte.weight!;

    // (B, T) → (B, T, d)
    public Tensor Words(Tensor ids) => wte.call(ids);

    // (B, Q, d) → (B, Q, d); the states are the embeddings, every block's output but the last's, and that under ln_f.
    public Tensor Run(Tensor words, Gpt2Context context, List<Tensor>? states)
    {
        using var scope = NewDisposeScope();
        long first = context.Cache?.Length ?? 0;
        using Tensor positions = arange(Scalars.Of(first), Scalars.Of(first + words.shape[1]), ScalarType.Int64, words.device).unsqueeze(0);
        Tensor hidden = Layers.Drop(words.Plus(wpe.call(positions)), dropout, training);
        foreach (Gpt2Block block in h)
        {
            states?.Add(hidden);
            Tensor next = block.call(hidden, context);
            if (states is null)
                hidden.Dispose();
            hidden = next;
        }
        context.Cache?.Advance(words.shape[1]);
        Tensor last = scope.MoveToOuter(ln_f.call(hidden));
        if (states is not null)
        {
            scope.MoveToOuter(states);
            states.Add(last);
        }
        return last;
    }
}

/// <summary>x + attention(ln_1(x)), then h + feed-forward(ln_2(h)).</summary>
internal sealed class Gpt2Block : Module<Tensor, Gpt2Context, Tensor>
{
    private readonly LayerNorm ln_1;
    private readonly Gpt2Attention attn;
    private readonly LayerNorm ln_2;
    private readonly Gpt2FeedForward mlp;

    public Gpt2Block(Gpt2Config config, int layer, Device? device) : base(nameof(Gpt2Block))
    {
        ln_1 = LayerNorm(config.Width, config.LayerNormEps, device: device);
        attn = new Gpt2Attention(config, layer, device);
        ln_2 = LayerNorm(config.Width, config.LayerNormEps, device: device);
        mlp = new Gpt2FeedForward(config, device);
        RegisterComponents();
    }

    // (B, Q, d) → (B, Q, d)
    public override Tensor forward(Tensor x, Gpt2Context context)
    {
        using var scope = NewDisposeScope();
        Tensor hidden = x.Plus(attn.call(ln_1.call(x), context));
        return scope.MoveToOuter(hidden.Plus(mlp.call(ln_2.call(hidden))));
    }
}

internal sealed class Gpt2Attention : Module<Tensor, Gpt2Context, Tensor>, IExtensibleAttention
{
    private readonly Conv1D c_attn;
    private readonly Conv1D c_proj;
    private readonly OutputDropout resid_dropout;
    private readonly int layer;
    private readonly long heads;
    private readonly double dropout;

    public Gpt2Attention(Gpt2Config config, int layer, Device? device) : base(nameof(Gpt2Attention))
    {
        c_attn = new Conv1D(config.Width, 3 * config.Width, device);
        c_proj = new Conv1D(config.Width, config.Width, device);
        resid_dropout = new OutputDropout(config.Dropout.Hidden);
        (this.layer, heads, dropout, Width) = (layer, config.Heads, config.Dropout.Attention, config.Width);
        RegisterComponents();
    }

    public IExtraKeys? Extra { get; set; }

    public long Width { get; }

    // (B, Q, d) → (B, Q, d)
    public override Tensor forward(Tensor x, Gpt2Context context)
    {
        using var scope = NewDisposeScope();
        Tensor[] fused = c_attn.call(x).chunk(3, -1); // query, key, value: each (B, Q, d)
        (Tensor keys, Tensor values) = context.Cache?.Append(layer, fused[1], fused[2]) ?? (fused[1], fused[2]); // (B, K, d)
        Tensor mixed = Attention.Attend(fused[0], keys, values, heads, context.Bias, training ? dropout : 0, extra: Extra);
        return scope.MoveToOuter(resid_dropout.call(c_proj.call(mixed)));
    }
}

internal sealed class Gpt2FeedForward : Module<Tensor, Tensor>
{
    private readonly Conv1D c_fc;
    private readonly Conv1D c_proj;
    private readonly OutputDropout dropout;
    private readonly HiddenActivation activation;

    public Gpt2FeedForward(Gpt2Config config, Device? device) : base(nameof(Gpt2FeedForward))
    {
        c_fc = new Conv1D(config.Width, config.Intermediate, device);
        c_proj = new Conv1D(config.Intermediate, config.Width, device);
        dropout = new OutputDropout(config.Dropout.Hidden);
        activation = config.Activation;
        RegisterComponents();
    }

    // (B, Q, d) → (B, Q, d)
    public override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        return scope.MoveToOuter(dropout.call(c_proj.call(activation.Apply(c_fc.call(x)))));
    }
}

/// <summary>The end of attention and of feed-forward: a module, so that adapters can sit behind the dropout, as the reference's do.</summary>
internal sealed class OutputDropout(double probability) : Module<Tensor, Tensor>(nameof(OutputDropout))
{
    public override Tensor forward(Tensor x) => Layers.Drop(x, probability, training);
}
