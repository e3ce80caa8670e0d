using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace VLPeft.Models.T5;

/// <summary>What the blocks of a stack share in one pass.</summary>
/// <param name="Self">Of self-attention.</param>
/// <param name="Cross">Of attention to the encoder's output; null in the encoder.</param>
internal sealed record T5Context(T5AttentionContext Self, T5AttentionContext? Cross = null);

/// <summary>The encoder or the decoder: pre-norm blocks and a last LayerNorm.</summary>
internal sealed class T5Stack : Module
{
    private readonly ModuleList<T5Block> block = [];
    private readonly T5LayerNorm final_layer_norm;
    private readonly T5Config config;
    private readonly T5Direction direction;

    public T5Stack(T5Config config, T5Direction direction, long layers, Device? device) : base(nameof(T5Stack))
    {
        (this.config, this.direction) = (config, direction);
        for (int i = 0; i < layers; i++)
            block.Add(new T5Block(config, i, direction == T5Direction.Back, device));
        final_layer_norm = new T5LayerNorm(config.Width, config.LayerNormEps, device);
        RegisterComponents();
    }

    // (1, h, Q, K): the first block's table serves all.
    public Tensor RelativeBias(long first, long queries, long keys) =>
        T5RelativePositions.Bias(block[0].Relative, config, direction, first, queries, keys);

    // (B, Q, d) → (B, Q, d); the states are the input, every block's output but the last's, and that under the last LayerNorm.
    public Tensor Run(Tensor words, T5Context context, List<Tensor>? states)
    {
        using var scope = NewDisposeScope();
        Tensor hidden = Layers.Drop(words, config.Dropout.Hidden, training);
        foreach (T5Block one in block)
        {
            states?.Add(hidden);
            hidden = one.call(hidden, context);
        }
        context.Self.Cache?.Advance(words.shape[1]);
        Tensor last = Layers.Drop(final_layer_norm.call(hidden), config.Dropout.Hidden, training);
        states?.Add(last);
        if (states is not null)
            scope.MoveToOuter(states);
        return scope.MoveToOuter(last);
    }
}

/// <summary>Self-attention, in the decoder attention to the encoder's output, and feed-forward, each as x + f(norm(x)).</summary>
internal sealed class T5Block : Module<Tensor, T5Context, Tensor>
{
    private readonly ModuleList<Module> layer = [];

    public T5Block(T5Config config, int index, bool decoder, Device? device) : base(nameof(T5Block))
    {
        layer.Add(new T5AttentionLayer("SelfAttention", new T5Attention(config, index, relative: index == 0, device), config, device));
        if (decoder)
            layer.Add(new T5AttentionLayer("EncDecAttention", new T5Attention(config, index, relative: false, device), config, device));
        layer.Add(new T5FeedForwardLayer(config, device));
        RegisterComponents();
    }

    /// <summary>The table of relative positions, in a stack's first block.</summary>
    public Embedding Relative => ((T5AttentionLayer)layer[0]).Relative;

    // (B, Q, d) → (B, Q, d)
    public override Tensor forward(Tensor x, T5Context context)
    {
        using var scope = NewDisposeScope();
        Tensor hidden = ((T5AttentionLayer)layer[0]).call(x, context.Self);
        if (layer.Count == 3)
            hidden = ((T5AttentionLayer)layer[1]).call(hidden, context.Cross!);
        return scope.MoveToOuter(((T5FeedForwardLayer)layer[^1]).call(hidden));
    }
}

/// <summary>x + attention(norm(x)); the attention has the name that checkpoints give it.</summary>
internal sealed class T5AttentionLayer : Module<Tensor, T5AttentionContext, Tensor>
{
    private readonly T5Attention attention;
    private readonly T5LayerNorm layer_norm;
    private readonly double dropout;

    public T5AttentionLayer(string name, T5Attention attention, T5Config config, Device? device) : base(nameof(T5AttentionLayer))
    {
        this.attention = attention;
        layer_norm = new T5LayerNorm(config.Width, config.LayerNormEps, device);
        dropout = config.Dropout.Hidden;
        register_module(name, attention);
        register_module(nameof(layer_norm), layer_norm);
    }

    public Embedding Relative => attention.Relative;

    public override Tensor forward(Tensor x, T5AttentionContext context)
    {
        using var scope = NewDisposeScope();
        return scope.MoveToOuter(x.Plus(Layers.Drop(attention.call(layer_norm.call(x), context), dropout, training)));
    }

}

/// <summary>x + feed-forward(norm(x)).</summary>
internal sealed class T5FeedForwardLayer : Module<Tensor, Tensor>
{
    private readonly T5FeedForward DenseReluDense;
    private readonly T5LayerNorm layer_norm;
    private readonly double dropout;

    public T5FeedForwardLayer(T5Config config, Device? device) : base(nameof(T5FeedForwardLayer))
    {
        DenseReluDense = new T5FeedForward(config, device);
        layer_norm = new T5LayerNorm(config.Width, config.LayerNormEps, device);
        dropout = config.Dropout.Hidden;
        RegisterComponents();
    }

    public override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        return scope.MoveToOuter(x.Plus(Layers.Drop(DenseReluDense.call(layer_norm.call(x)), dropout, training)));
    }
}
