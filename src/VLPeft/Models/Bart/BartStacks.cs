using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace VLPeft.Models.Bart;

/// <summary>Positions and the LayerNorm on embeddings, which encoder and decoder each have.</summary>
internal abstract class BartStack : Module
{
    // BART keeps two rows of its position table free.
    private const long PositionOffset = 2;

    private protected readonly Embedding embed_positions;
    private protected readonly LayerNorm layernorm_embedding;
    private readonly double _dropout;

    private protected BartStack(BartConfig config, Device? device, string name) : base(name)
    {
        embed_positions = Layers.Table(config.MaxLength + PositionOffset, config.Width, device);
        layernorm_embedding = LayerNorm(config.Width, device: device);
        _dropout = config.Dropout.Hidden;
    }

    // (B, T, d) → (B, T, d)
    public Tensor Embed(Tensor words, long first)
    {
        using var scope = NewDisposeScope();
        Tensor positions = arange(Scalars.Of(first + PositionOffset), Scalars.Of(first + PositionOffset + words.shape[1]), ScalarType.Int64, words.device);
        return scope.MoveToOuter(Layers.Drop(layernorm_embedding.call(words.Plus(embed_positions.call(positions))), _dropout, training));
    }
}

internal sealed class BartEncoder : BartStack
{
    private readonly ModuleList<BartEncoderLayer> layers = [];

    public BartEncoder(BartConfig config, Device? device) : base(config, device, nameof(BartEncoder))
    {
        for (int i = 0; i < config.EncoderLayers; i++)
            layers.Add(new BartEncoderLayer(config, i, device));
        RegisterComponents();
    }

    // (B, S, d) → (B, S, d); the states are what goes into the first layer and what comes out of each.
    public Tensor Run(Tensor hidden, BartAttentionContext context, Action<Tensor>? attentionInput, List<Tensor>? states)
    {
        using var scope = NewDisposeScope();
        foreach (BartEncoderLayer layer in layers)
        {
            states?.Add(hidden);
            attentionInput?.Invoke(hidden);
            hidden = layer.call(hidden, context);
        }
        states?.Add(hidden);
        if (states is not null)
            scope.MoveToOuter(states);
        return scope.MoveToOuter(hidden);
    }
}

internal sealed class BartDecoder : BartStack
{
    private readonly ModuleList<BartDecoderLayer> layers = [];

    public BartDecoder(BartConfig config, Device? device) : base(config, device, nameof(BartDecoder))
    {
        for (int i = 0; i < config.DecoderLayers; i++)
            layers.Add(new BartDecoderLayer(config, i, device));
        RegisterComponents();
    }

    // (B, Q, d) → (B, Q, d)
    public Tensor Run(Tensor hidden, BartAttentionContext self, BartAttentionContext cross, List<Tensor>? states)
    {
        using var scope = NewDisposeScope();
        long count = hidden.shape[1];
        foreach (BartDecoderLayer layer in layers)
        {
            states?.Add(hidden);
            hidden = layer.call(hidden, self, cross);
        }
        states?.Add(hidden);
        self.Cache?.Advance(count);
        if (states is not null)
            scope.MoveToOuter(states);
        return scope.MoveToOuter(hidden);
    }
}

/// <summary>What a checkpoint calls "model": the word embedding and both stacks.</summary>
internal sealed class BartTransformer : Module
{
    private readonly Embedding shared;
    private readonly BartEncoder encoder;
    private readonly BartDecoder decoder;
    private readonly double _scale;

    public BartTransformer(BartConfig config, Device? device) : base(nameof(BartTransformer))
    {
        shared = Layers.Table(config.VocabularySize, config.Width, device, config.PaddingId);
        encoder = new BartEncoder(config, device);
        decoder = new BartDecoder(config, device);
        _scale = config.ScaleEmbedding ? Math.Sqrt(config.Width) : 1;
        RegisterComponents();
    }

    public BartEncoder Encoder => encoder;

    public BartDecoder Decoder => decoder;

    /// <summary>(vocabulary, d); a new handle each time.</summary>
    public Parameter WordTable => shared.weight!;

    // (B, T) → (B, T, d), as the checkpoint has them
    public Tensor Words(Tensor ids) => shared.call(ids);

    // (B, T) → (B, T, d)
    public Tensor ScaledWords(Tensor ids) => _scale == 1 ? Words(ids) : Words(ids).Times(_scale);
}
