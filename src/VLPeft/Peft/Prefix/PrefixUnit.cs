using TorchSharp;
using TorchSharp.Modules;
using VLPeft.Models;
using static TorchSharp.torch;

namespace VLPeft.Peft;

/// <param name="Length">P.</param>
/// <param name="Reparametrization">The inner width of the network that makes keys and values; null without one.</param>
internal sealed record PrefixTuningKind(long Length, long? Reparametrization) : IPeftUnitKind
{
    public const string KindName = "prefix";

    public string Name => KindName;

    public void Validate() => VectorNetwork.Validate(Length, Reparametrization);

    public Func<string, nn.Module, PeftUnit> Begin()
    {
        PrefixShared? shared = null;
        return (name, target) =>
        {
            if (target is not IExtensibleAttention attention)
                throw new InvalidInputException($"module '{name}' ({target.GetType().Name}) is no attention that can be given keys and values.");
            if (Reparametrization is { } inner)
                shared ??= new PrefixShared(name, attention.Width, Length, inner, value => PeftUnit.Beside(target, value));
            return new PrefixUnit(this, attention, target, shared);
        };
    }
}

/// <summary>What all attentions' prefixes are made of: the embedding and the network's first layer, named after the first attention.</summary>
internal sealed class PrefixShared(string module, long width, long length, long inner, Func<Tensor, Parameter> own)
{
    public string Module => module;

    public Parameter Embedding { get; } = own(randn(length, width)); // (P, d)

    public VectorLayer Inner { get; } = new(width, inner, own);
}

/// <summary>Keys and values of one attention: trained themselves, or made by a network.</summary>
internal sealed class PrefixUnit : PeftUnit, IExtraKeys
{
    private const double Deviation = 0.02; // as fresh weights of language models
    private readonly Parameter? keys, values; // (P, d)
    private readonly Parameter? embedding;
    private readonly VectorNetwork? network;
    private readonly PrefixTuningKind _kind;
    private readonly PrefixShared? _shared;

    public PrefixUnit(PrefixTuningKind kind, IExtensibleAttention attention, nn.Module target, PrefixShared? shared) : base(nameof(PrefixUnit))
    {
        (_kind, _shared) = (kind, shared);
        if (shared is null)
        {
            keys = Beside(target, randn(kind.Length, attention.Width).Times(Deviation));
            values = Beside(target, randn(kind.Length, attention.Width).Times(Deviation));
        }
        else
        {
            embedding = shared.Embedding;
            network = new VectorNetwork(shared.Inner, new VectorLayer(kind.Reparametrization!.Value, 2 * attention.Width, value => Beside(target, value)));
        }
        RegisterComponents();
    }

    public override string Description => $"prefix of {_kind.Length} keys and values{VectorNetwork.Describe(_kind.Reparametrization)}";

    public override IEnumerable<(string Name, Parameter Parameter)> Named(string module) => named_parameters().Select(one =>
        ($"{(one.name is nameof(embedding) || one.name.StartsWith("network.inner.", StringComparison.Ordinal) ? _shared!.Module : module)}.{PrefixTuningKind.KindName}.{one.name}", one.parameter));

    public (Tensor Keys, Tensor Values) Vectors()
    {
        if (network is null)
            return (keys!, values!);
        Tensor[] both = network.call(embedding!).chunk(2, -1); // (P, 2 d)
        return (both[0], both[1]);
    }

    protected internal override IDisposable Attach(nn.Module target) => new Extension((IExtensibleAttention)target, this);

    private sealed class Extension : IDisposable
    {
        private readonly IExtensibleAttention _attention;

        public Extension(IExtensibleAttention attention, IExtraKeys extra)
        {
            if (attention.Extra is not null)
                throw new InvalidInputException($"a {attention.GetType().Name} has a prefix already.");
            _attention = attention;
            _attention.Extra = extra;
        }

        public void Dispose() => _attention.Extra = null;
    }
}
