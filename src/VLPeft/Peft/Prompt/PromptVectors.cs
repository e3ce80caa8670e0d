using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace VLPeft.Peft;

/// <param name="Length">P.</param>
/// <param name="Reparametrization">The inner width of the network that makes the vectors; null without one.</param>
internal sealed record PromptKind(long Length, long? Reparametrization) : IPeftUnitKind
{
    public const string KindName = "prompt";

    public string Name => KindName;

    public void Validate() => VectorNetwork.Validate(Length, Reparametrization);

    public Func<string, nn.Module, PeftUnit> Begin() => (name, target) => new PromptVectors(this, name, target);
}

/// <summary>The trained vectors of prompt tuning. P vectors, B rows, d width.</summary>
public sealed class PromptVectors : PeftUnit
{
    // Lester et al.'s random start; a network's input starts as an embedding does.
    private const double Bound = 0.5;
    private readonly Parameter embedding; // (P, d)
    private readonly VectorNetwork? network;
    private readonly PromptKind _kind;

    internal PromptVectors(PromptKind kind, string name, nn.Module target) : base(nameof(PromptVectors))
    {
        if (target is not Embedding words)
            throw new InvalidInputException($"module '{name}' ({target.GetType().Name}) is no embedding; prompt vectors belong beside a word embedding.");
        _kind = kind;
        using Parameter table = words.weight!;
        long width = table.shape[1];
        embedding = Beside(target, kind.Reparametrization is null ? rand(kind.Length, width).Times(2 * Bound).sub(Scalars.Of(Bound)) : randn(kind.Length, width));
        network = kind.Reparametrization is { } inner ? new VectorNetwork(width, inner, width, value => Beside(target, value)) : null;
        RegisterComponents();
    }

    /// <summary>P.</summary>
    public long Length => _kind.Length;

    /// <inheritdoc/>
    public override string Description => $"prompt of {Length} vectors{VectorNetwork.Describe(_kind.Reparametrization)}";

    /// <inheritdoc/>
    public override IEnumerable<(string Name, Parameter Parameter)> Named(string module) =>
        named_parameters().Select(one => ($"{module}.{PromptKind.KindName}.{one.name}", one.parameter));

    /// <summary>The vectors in front of embedded text.</summary>
    /// <param name="hidden">(B, T, d).</param>
    /// <returns>(B, P + T, d).</returns>
    public Tensor InFrontOf(Tensor hidden) => cat([Rows(hidden), hidden], 1);

    /// <summary>The vectors behind embedded text: the same to an encoder that knows no positions but those embedded before.</summary>
    /// <param name="hidden">(B, T, d).</param>
    /// <returns>(B, T + P, d).</returns>
    public Tensor Behind(Tensor hidden) => cat([hidden, Rows(hidden)], 1);

    /// <inheritdoc/>
    protected internal override IDisposable? Attach(nn.Module target) => null;

    // (B, P, d)
    private Tensor Rows(Tensor hidden)
    {
        ArgumentNullException.ThrowIfNull(hidden);
        if (hidden.dim() != 3 || hidden.shape[2] != embedding.shape[1])
            throw new ArgumentException($"prompt vectors are {embedding.shape[1]} wide; expected hidden states (B, T, {embedding.shape[1]}), got ({string.Join(", ", hidden.shape)}).");
        Tensor vectors = network is null ? embedding : network.call(embedding);
        return As(vectors, hidden).unsqueeze(0).expand(hidden.shape[0], -1, -1);
    }
}
