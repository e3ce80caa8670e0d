using TorchSharp;
using TorchSharp.Modules;
using VLPeft.Models;
using static TorchSharp.torch;

namespace VLPeft.Peft;

/// <param name="Width">d.</param>
/// <param name="Rank">r.</param>
/// <param name="Activation">Between down and up.</param>
/// <param name="PhmDimension">n.</param>
/// <param name="PhmRank">The rank of each B_i; 0 for whole matrices.</param>
/// <param name="Dropout">On the input.</param>
internal sealed record CompacterKind(long Width, long Rank, HiddenActivation Activation, long PhmDimension, long PhmRank, double Dropout) : IPeftUnitKind
{
    public const string KindName = "compacter";
    private const double RuleDeviation = 0.01; // as the authors' code has it

    public string Name => KindName;

    public void Validate()
    {
        if (Rank < 1 || PhmDimension < 1 || PhmRank < 0)
            throw new InvalidInputException($"Compacter: expected a rank and a phm dimension of at least 1 and a phm rank of at least 0, got {Rank}, {PhmDimension}, {PhmRank}.");
        if (Width % PhmDimension != 0 || Rank % PhmDimension != 0)
            throw new InvalidInputException($"Compacter: the phm dimension {PhmDimension} must divide the width {Width} and the rank {Rank}.");
        if (Dropout is not (>= 0 and < 1))
            throw new InvalidInputException($"dropout: expected 0 ≤ p < 1, got {Dropout}.");
    }

    public Func<string, nn.Module, PeftUnit> Begin()
    {
        (string Name, Parameter Rule)? shared = null;
        return (name, target) =>
        {
            shared ??= ($"{name}.{KindName}.rule", PeftUnit.Beside(target, randn(PhmDimension, PhmDimension, PhmDimension).Times(RuleDeviation)));
            return new CompacterUnit(this, target, shared.Value.Name, shared.Value.Rule);
        };
    }
}

/// <summary>An adapter of phm layers behind one module.</summary>
internal sealed class CompacterUnit : PeftUnit
{
    private readonly Parameter rule; // A (n, n, n), the same in all units
    private readonly PhmLinear down;
    private readonly PhmLinear up;
    private readonly CompacterKind _kind;
    private readonly string _ruleName;

    public CompacterUnit(CompacterKind kind, nn.Module target, string ruleName, Parameter sharedRule) : base(nameof(CompacterUnit))
    {
        (_kind, _ruleName, rule) = (kind, ruleName, sharedRule);
        down = new PhmLinear(kind.Width, kind.Rank, kind.PhmDimension, kind.PhmRank, value => Beside(target, value));
        up = new PhmLinear(kind.Rank, kind.Width, kind.PhmDimension, kind.PhmRank, value => Beside(target, value));
        RegisterComponents();
    }

    public override string Description => $"Compacter, r {_kind.Rank}, n {_kind.PhmDimension}, {(_kind.PhmRank == 0 ? "B whole" : $"B of rank {_kind.PhmRank}")}";

    public override IEnumerable<(string Name, Parameter Parameter)> Named(string module) =>
        named_parameters().Select(one => (one.name == nameof(rule) ? _ruleName : $"{module}.{CompacterKind.KindName}.{one.name}", one.parameter));

    protected internal override IDisposable Attach(nn.Module target) => OnOutput(target, (_, output) => Apply(output));

    private Tensor Apply(Tensor output)
    {
        using var scope = NewDisposeScope();
        if (output.shape[^1] != _kind.Width)
            throw new InvalidOperationException($"{Description}: expected hidden states (…, {_kind.Width}), got ({string.Join(", ", output.shape)}).");
        Tensor inner = _kind.Activation.Apply(down.Run(Layers.Drop(output, _kind.Dropout, training), rule));
        return scope.MoveToOuter(output.Plus(up.Run(inner, rule)));
    }
}
