using TorchSharp;
using TorchSharp.Modules;
using VLPeft.Models;
using static TorchSharp.torch;

namespace VLPeft.Peft;

/// <param name="Rank">r.</param>
/// <param name="Scale">s.</param>
/// <param name="Dropout">On the input of B A.</param>
internal sealed record DoraKind(long Rank, double Scale, double Dropout) : IPeftUnitKind
{
    public const string KindName = "dora";

    public string Name => KindName;

    public void Validate()
    {
        if (Rank < 1)
            throw new InvalidInputException($"rank: expected at least 1, got {Rank}.");
        if (!double.IsFinite(Scale) || Scale == 0)
            throw new InvalidInputException($"scale (alpha / rank): expected a finite number other than 0, got {Scale}.");
        if (Dropout is not (>= 0 and < 1))
            throw new InvalidInputException($"dropout: expected 0 ≤ p < 1, got {Dropout}.");
    }

    public Func<string, nn.Module, PeftUnit> Begin() => (name, target) => new DoraUnit(this, name, target);
}

/// <summary>DoRA on one layer, its parameters named as Hugging Face PEFT's: A (r, in), B (out, r), m (out).</summary>
internal sealed class DoraUnit : PeftUnit
{
    private readonly Parameter lora_A;
    private readonly Parameter lora_B;
    private readonly Parameter lora_magnitude_vector;
    private readonly DoraKind _kind;

    public DoraUnit(DoraKind kind, string name, nn.Module target) : base(nameof(DoraUnit))
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        _kind = kind;
        Tensor weight = Weight(name, target); // (out, in)
        using Parameter fresh = BottleneckEntry.Linear.FreshWeight(kind.Rank, weight.shape[1]);
        lora_A = Beside(target, fresh.clone());
        lora_B = Beside(target, zeros(weight.shape[0], kind.Rank));
        lora_magnitude_vector = Beside(target, Norms(As(weight, lora_A)));
        RegisterComponents();
    }

    public override string Description => $"DoRA, r {_kind.Rank}, scale {_kind.Scale:0.####}";

    protected internal override IDisposable Attach(nn.Module target) => OnOutput(target, (input, output) => Apply(target, input, output));

    protected internal override bool CanMerge => true;

    protected internal override void Merge(nn.Module target)
    {
        Parameter weight = target.get_parameter("weight")!;
        Tensor direction = Direction(target);
        Tensor merged = As(direction * (lora_magnitude_vector / Norms(direction)).unsqueeze(1), weight);
        weight.copy_(target is Conv1D ? merged.t() : merged);
    }

    // output = W x + b. Of it, m / ‖V‖ · (W x + s B A x) + b; the layer's own product is not computed again.
    private Tensor Apply(nn.Module target, Tensor input, Tensor output)
    {
        using var scope = NewDisposeScope();
        Tensor factors;
        using (no_grad())
            factors = Norms(Direction(target));
        factors = As(lora_magnitude_vector / factors, output);
        Tensor dropped = Layers.Drop(input, _kind.Dropout, training);
        Tensor low = nn.functional.linear(nn.functional.linear(dropped, As(lora_A, input)).Times(_kind.Scale), As(lora_B, input));
        Tensor result = target.get_parameter("bias") is { } bias
            ? ((output - As(bias, output)).Plus(low) * factors).Plus(As(bias, output))
            : output.Plus(low) * factors;
        return scope.MoveToOuter(result);
    }

    // V = W + s B A, (out, in).
    private Tensor Direction(nn.Module target)
    {
        Parameter weight = target.get_parameter("weight")!;
        return As(target is Conv1D ? weight.t() : weight, lora_A).Plus(mm(lora_B, lora_A).Times(_kind.Scale));
    }

    // ‖·‖ of each row.
    private static Tensor Norms(Tensor matrix) => matrix.pow(Scalars.Of(2)).sum(1).sqrt();
}
