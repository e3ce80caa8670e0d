using TorchSharp.Modules;
using VLPeft.Models;
using static TorchSharp.torch;

namespace VLPeft.Peft;

/// <summary>One bottleneck on one module of a backbone, held there by a forward hook.</summary>
public sealed class AttachedBottleneck
{
    private readonly RoutingFeature? _feature;
    private nn.Module<Tensor, Tensor>.HookRemover? _hook, _foldHook;

    internal AttachedBottleneck(
        string module, nn.Module<Tensor, Tensor> target, Attachment attachment, string owner, LowRankBottleneck bottleneck, RoutingFeature? feature)
    {
        (ModuleName, Target, Attachment, Owner, Bottleneck, _feature) = (module, target, attachment, owner, bottleneck, feature);
    }

    /// <summary>The module's full name in the backbone.</summary>
    public string ModuleName { get; }

    /// <summary>The module itself.</summary>
    public nn.Module<Tensor, Tensor> Target { get; }

    /// <summary>How it meets its module.</summary>
    public Attachment Attachment { get; }

    /// <summary>What the bottleneck's parameters are named after: the module, or the share name of several.</summary>
    public string Owner { get; }

    /// <summary>The bottleneck.</summary>
    public LowRankBottleneck Bottleneck { get; }

    internal void Hook()
    {
        if (Attachment == Attachment.Parallel && Target is Conv1D target && Bottleneck.CanFold)
            _foldHook = Target.register_forward_pre_hook((_, input) => Fold(target, input));
        _hook = Attachment == Attachment.Before
            ? Target.register_forward_pre_hook((_, input) => Apply(input, input))
            : Target.register_forward_hook((_, input, output) => Apply(input, output));
    }

    internal void Unhook()
    {
        _hook?.remove();
        _foldHook?.remove();
        (_hook, _foldHook) = (null, null);
        if (Target is Conv1D target)
            target.Folded = null;
    }

    // Set anew before each forward, so that nothing stays folded behind one that failed.
    private Tensor Fold(Conv1D target, Tensor input)
    {
        target.Folded = _feature?.Fixed?.Folded(Bottleneck, target, input);
        return input;
    }

    private Tensor Apply(Tensor input, Tensor output)
    {
        if (Target is Conv1D { Folded: not null })
            return output;
        if (Bottleneck.training != Target.training)
            Bottleneck.train(Target.training);
        Bottleneck.RequireDevice(output, ModuleName);
        try
        {
            return Attachment switch
            {
                Attachment.Parallel => output.Plus(Run(input)),
                Attachment.Serial => Run(output),
                _ => output.Plus(Run(output)),
            };
        }
        catch (ArgumentException error)
        {
            throw new InvalidOperationException($"bottleneck on '{ModuleName}': {error.Message}", error);
        }
    }

    private Tensor Run(Tensor hidden) =>
        _feature?.Fixed is { } images ? Bottleneck.Run(hidden, images) : Bottleneck.call(hidden, _feature?.Current);
}
