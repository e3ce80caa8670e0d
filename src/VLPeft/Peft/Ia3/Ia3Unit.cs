using TorchSharp;
using TorchSharp.Modules;
using VLPeft.Models;
using static TorchSharp.torch;

namespace VLPeft.Peft;

/// <param name="OnInput">Whether the module's input is scaled, not its output.</param>
/// <param name="Blocks">For a fused projection: which of its equal blocks are scaled; null for the whole output.</param>
internal sealed record Ia3Kind(bool OnInput, IReadOnlyList<bool>? Blocks) : IPeftUnitKind
{
    public const string KindName = "ia3";

    public string Name => KindName;

    public void Validate()
    {
        if (Blocks is not null && (OnInput || !Blocks.Contains(true)))
            throw new InvalidInputException("(IA)³: blocks are of an output, and at least one of them is scaled.");
    }

    public Func<string, nn.Module, PeftUnit> Begin() => (name, target) => new Ia3Unit(this, name, target);
}

/// <summary>(IA)³ on one module: l, (out, 1) or (1, in) as Hugging Face PEFT has it.</summary>
internal sealed class Ia3Unit : PeftUnit
{
    private readonly Parameter ia3_l;
    private readonly Ia3Kind _kind;
    private readonly long _width; // of a block

    public Ia3Unit(Ia3Kind kind, string name, nn.Module target) : base(nameof(Ia3Unit))
    {
        using var scope = NewDisposeScope();
        Tensor weight = Weight(name, target); // (out, in)
        _kind = kind;
        long output = weight.shape[0], blocks = kind.Blocks?.Count ?? 1;
        if (output % blocks != 0)
            throw new InvalidInputException($"module '{name}' has an output {output} wide, which has no {blocks} equal blocks.");
        _width = output / blocks;
        ia3_l = Beside(target, kind.OnInput ? ones(1, weight.shape[1]) : ones(_width * (kind.Blocks?.Count(one => one) ?? 1), 1));
        RegisterComponents();
    }

    public override string Description => _kind.OnInput ? "(IA)³ on the input" : "(IA)³ on the output";

    protected internal override IDisposable Attach(nn.Module target) => _kind.OnInput
        ? OnInput(target, input => input * As(Scales(), input))
        : OnOutput(target, (_, output) => output * As(Scales(), output));

    protected internal override bool CanMerge => true;

    protected internal override void Merge(nn.Module target)
    {
        Parameter weight = target.get_parameter("weight")!;
        Tensor scales = As(Scales(), weight);
        bool rows = _kind.OnInput == target is Conv1D; // whether the scaled side of the stored weight is its rows
        weight.mul_(rows ? scales.unsqueeze(1) : scales.unsqueeze(0));
        if (!_kind.OnInput && target.get_parameter("bias") is { } bias)
            bias.mul_(scales);
    }

    // One factor a feature: l, and one in the blocks that are not scaled.
    private Tensor Scales()
    {
        Tensor flat = ia3_l.flatten();
        if (_kind.Blocks is null)
            return flat;
        int next = 0;
        return cat([.. _kind.Blocks.Select(scaled => scaled ? flat.narrow(0, next++ * _width, _width) : ones(_width, flat.dtype, flat.device))]);
    }
}
