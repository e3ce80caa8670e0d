using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace VLPeft.Models.Bert;

internal sealed class BertEmbeddings : Module
{
    private readonly Embedding word_embeddings;
    private readonly Embedding position_embeddings;
    private readonly Embedding token_type_embeddings;
    private readonly LayerNorm LayerNorm;
    private readonly BertFamilyConfig config;

    public BertEmbeddings(BertFamilyConfig config, Device? device) : base(nameof(BertEmbeddings))
    {
        this.config = config;
        word_embeddings = Layers.Table(config.VocabularySize, config.Width, device, config.PadId);
        position_embeddings = Layers.Table(config.PositionRows, config.Width, device, PositionPadding);
        token_type_embeddings = Layers.Table(config.TokenTypes, config.Width, device);
        LayerNorm = nn.LayerNorm(config.Width, config.LayerNormEps, device: device);
        RegisterComponents();
    }

    public Parameter WordTable => word_embeddings.weight!;

    private long? PositionPadding => config.Kind == BertKind.Roberta ? config.PadId : null;

    public void ClearPadding()
    {
        using var _ = no_grad();
        using Tensor word = WordTable[config.PadId].zero_();
        if (PositionPadding is { } row)
            position_embeddings.weight![row].zero_().Dispose();
    }

    // (B, T) → (B, T, d)
    public Tensor Words(Tensor ids) => word_embeddings.call(ids);

    // (B, T) → (B, T, d)
    public Tensor FromIds(Tensor ids, Tensor? tokenTypeIds)
    {
        using var scope = NewDisposeScope();
        Tensor positions = config.Kind == BertKind.Roberta ? TokenPositions(ids) : Sequential(ids.shape[1], ids.device);
        return scope.MoveToOuter(Sum(Words(ids), positions, tokenTypeIds));
    }

    // (B, T, d) → (B, T, d)
    public Tensor FromInputs(Tensor inputsEmbeds, Tensor? tokenTypeIds)
    {
        using var scope = NewDisposeScope();
        return scope.MoveToOuter(Sum(inputsEmbeds, Sequential(inputsEmbeds.shape[1], inputsEmbeds.device), tokenTypeIds));
    }

    private Tensor Sum(Tensor words, Tensor positions, Tensor? tokenTypeIds)
    {
        // Without ids every token has type 0, so one row serves them all: (1, 1) → (1, 1, d).
        tokenTypeIds ??= zeros(1, 1, ScalarType.Int64, words.device);
        Tensor sum = words.Plus(token_type_embeddings.call(tokenTypeIds)).Plus(position_embeddings.call(positions));
        return Layers.Drop(LayerNorm.call(sum), config.Dropout.Hidden, training);
    }

    // (1, T)
    private Tensor Sequential(long length, Device device) =>
        arange(Scalars.Of(config.FirstPosition), Scalars.Of(config.FirstPosition + length), ScalarType.Int64, device).unsqueeze(0);

    // RoBERTa counts the tokens that are no padding; padding has the padding id as its position. (B, T) → (B, T)
    private Tensor TokenPositions(Tensor ids)
    {
        Tensor isToken = ids.ne(Scalars.Of(config.PadId)).to(ScalarType.Int64);
        return isToken.cumsum(1).mul_(isToken).add_(Scalars.Of(config.PadId), Scalars.One);
    }
}

internal sealed class BertEncoder : Module
{
    private readonly ModuleList<BertLayer> layer = [];

    public BertEncoder(BertFamilyConfig config, Device? device) : base(nameof(BertEncoder))
    {
        for (long i = 0; i < config.Layers; i++)
            layer.Add(new BertLayer(config, device));
        RegisterComponents();
    }

    public Tensor Run(Tensor input, Tensor? bias, OutputPositions positions, List<Tensor>? states)
    {
        Tensor hidden = input;
        states?.Add(hidden);
        for (int i = 0; i < layer.Count; i++)
        {
            bool firstOnly = positions == OutputPositions.First && i == layer.Count - 1;
            Tensor next = layer[i].call(hidden, bias, firstOnly);
            if (states is null && !ReferenceEquals(hidden, input))
                hidden.Dispose();
            states?.Add(next);
            hidden = next;
        }
        return hidden;
    }
}

/// <summary>h = LN(x + attention(x)); y = LN(h + feedforward(h)). With firstOnly: y for position 0.</summary>
internal sealed class BertLayer : Module<Tensor, Tensor?, bool, Tensor>
{
    private readonly BertAttention attention;
    private readonly DenseModule intermediate;
    private readonly BertResidual output;
    private readonly HiddenActivation activation;

    public BertLayer(BertFamilyConfig config, Device? device) : base(nameof(BertLayer))
    {
        attention = new BertAttention(config, device);
        intermediate = new DenseModule(config.Width, config.Intermediate, device);
        output = new BertResidual(config.Intermediate, config, device);
        activation = config.Activation;
        RegisterComponents();
    }

    // (B, T, d) → (B, T, d), or (B, 1, d)
    public override Tensor forward(Tensor x, Tensor? bias, bool firstOnly)
    {
        using var scope = NewDisposeScope();
        Tensor hidden = attention.call(firstOnly ? x.narrow(1, 0, 1) : x, x, bias);
        using Tensor wide = intermediate.call(hidden);
        return scope.MoveToOuter(output.call(activation.Apply(wide), hidden));
    }
}

internal sealed class BertAttention : Module<Tensor, Tensor, Tensor?, Tensor>
{
    private readonly BertSelfAttention self;
    private readonly BertResidual output;

    public BertAttention(BertFamilyConfig config, Device? device) : base(nameof(BertAttention))
    {
        self = new BertSelfAttention(config, device);
        output = new BertResidual(config.Width, config, device);
        RegisterComponents();
    }

    public override Tensor forward(Tensor x, Tensor context, Tensor? bias) => output.call(self.call(x, context, bias), x);
}

internal sealed class BertSelfAttention : Module<Tensor, Tensor, Tensor?, Tensor>, IExtensibleAttention
{
    private readonly Linear query;
    private readonly Linear key;
    private readonly Linear value;
    private readonly long heads;
    private readonly double dropout;

    public BertSelfAttention(BertFamilyConfig config, Device? device) : base(nameof(BertSelfAttention))
    {
        query = Linear(config.Width, config.Width, device: device);
        key = Linear(config.Width, config.Width, device: device);
        value = Linear(config.Width, config.Width, device: device);
        heads = config.Heads;
        dropout = config.Dropout.Attention;
        Width = config.Width;
        RegisterComponents();
    }

    public IExtraKeys? Extra { get; set; }

    public long Width { get; }

    // Queries from x (B, Q, d), keys and values from context (B, T, d), bias (B, 1, 1, T) → (B, Q, d)
    public override Tensor forward(Tensor x, Tensor context, Tensor? bias)
    {
        using var scope = NewDisposeScope();
        return scope.MoveToOuter(Attention.Attend(
            query.call(x), key.call(context), value.call(context), heads, bias, training ? dropout : 0, extra: Extra));
    }
}

/// <summary>LN(residual + dropout(dense(x))).</summary>
internal sealed class BertResidual : Module<Tensor, Tensor, Tensor>
{
    private readonly Linear dense;
    private readonly LayerNorm LayerNorm;
    private readonly double dropout;

    public BertResidual(long inputs, BertFamilyConfig config, Device? device) : base(nameof(BertResidual))
    {
        dense = Linear(inputs, config.Width, device: device);
        LayerNorm = nn.LayerNorm(config.Width, config.LayerNormEps, device: device);
        dropout = config.Dropout.Hidden;
        RegisterComponents();
    }

    public override Tensor forward(Tensor x, Tensor residual)
    {
        using var scope = NewDisposeScope();
        return scope.MoveToOuter(LayerNorm.call(Layers.Drop(dense.call(x), dropout, training).Plus(residual)));
    }
}
