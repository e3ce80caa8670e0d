using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace VLPeft.Models.Clip;

/// <summary>What a CLIP's text tower computes. B batch, T text positions, d width.</summary>
/// <param name="LastHiddenState">The normalised last layer, (B, T, d).</param>
/// <param name="Pooled">That at the end token, (B, d).</param>
/// <param name="HiddenStates">The embeddings and every layer's output, each (B, T, d), when asked for.</param>
public sealed record ClipTextOutput(Tensor LastHiddenState, Tensor Pooled, IReadOnlyList<Tensor>? HiddenStates = null);

/// <summary>What a CLIP has under the name "text_model": each position sees those before it.</summary>
internal sealed class ClipTextTower : Module
{
    private readonly ClipTextEmbeddings embeddings;
    private readonly ClipEncoder encoder;
    private readonly LayerNorm final_layer_norm;
    private readonly ClipTextConfig config;

    public ClipTextTower(ClipTextConfig config, Device? device) : base(nameof(ClipTextTower))
    {
        this.config = config;
        embeddings = new ClipTextEmbeddings(config, device);
        encoder = new ClipEncoder(config.Tower, device);
        final_layer_norm = LayerNorm(config.Tower.Width, config.Tower.LayerNormEps, device: device);
        RegisterComponents();
    }

    public ClipTextOutput Encode(Tensor ids, Tensor? mask, bool hiddenStates)
    {
        Layers.ExpectIds(ids, "token ids", config.VocabularySize);
        if (ids.shape[1] > config.MaxLength)
            throw new ArgumentException($"token ids must be {config.MaxLength} long at most, not {ids.shape[1]}.");
        if (mask is not null)
            Layers.Expect(mask, "attention mask", "(B, T)", ids.shape);
        List<Tensor>? states = hiddenStates ? [] : null;
        using var scope = NewDisposeScope();
        Tensor hidden = embeddings.call(ids);
        Tensor last = final_layer_norm.call(encoder.Run(hidden, Bias(ids, mask, hidden.dtype), OutputPositions.All, states));
        Tensor pooled = last.take_along_dim(Ends(ids).view(-1, 1, 1).expand(-1, 1, last.shape[2]), 1).squeeze(1);
        scope.MoveToOuter(states ?? []);
        return new ClipTextOutput(scope.MoveToOuter(last), scope.MoveToOuter(pooled), states);
    }

    // The first of equal values is the place of the largest.
    private Tensor Ends(Tensor ids) => config.EndId is { } end ? ids.eq(Scalars.Of(end)).to(ScalarType.Int64).argmax(1) : ids.argmax(1);

    // (1 or B, 1, T, T): the type's lowest number where a position must not be seen.
    private static Tensor Bias(Tensor ids, Tensor? mask, ScalarType type)
    {
        long length = ids.shape[1];
        Tensor hidden = ones(length, length, ScalarType.Bool, ids.device).triu(1).view(1, 1, length, length);
        if (mask is not null)
            hidden = hidden.logical_or(mask.to(ScalarType.Bool).logical_not().view(-1, 1, 1, length));
        return zeros(hidden.shape, type, ids.device).masked_fill_(hidden, Scalars.Of(finfo(type).min));
    }
}

internal sealed class ClipTextEmbeddings : Module<Tensor, Tensor>
{
    private readonly Embedding token_embedding;
    private readonly Embedding position_embedding;

    public ClipTextEmbeddings(ClipTextConfig config, Device? device) : base(nameof(ClipTextEmbeddings))
    {
        token_embedding = Layers.Table(config.VocabularySize, config.Tower.Width, device);
        position_embedding = Layers.Table(config.MaxLength, config.Tower.Width, device);
        RegisterComponents();
    }

    // (B, T) → (B, T, d)
    public override Tensor forward(Tensor ids)
    {
        using var scope = NewDisposeScope();
        return scope.MoveToOuter(token_embedding.call(ids).Plus(position_embedding.weight!.narrow(0, 0, ids.shape[1])));
    }
}
