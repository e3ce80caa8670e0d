using TorchSharp.Modules;
using static TorchSharp.torch;

namespace VLPeft.Peft;

/// <summary>One bottleneck on one module of a backbone, held there by a forward hook.</summary>
public sealed class AttachedBottleneck
{
    private readonly RoutingFeature? _feature;
    private nn.Module<Tensor, Tensor>.HookRemover? _hook;

    internal AttachedBottleneck(
        string module, nn.Module<Tensor, Tensor> target, Attachment attachment, string owner, LowRankBottleneck bottleneck, RoutingFeature? feature)
    {
        (ModuleName, Target, Attachment, Owner, Bottleneck, _feature) = (module, target, attachment, owner, bottleneck, feature);
    }

    /// <summary>The module's full name in the backbone.</summary>
    public string ModuleName { get; }

    /// <summary>The module itself.</summary>
    public nn.Module<Tensor, Tensor> Target { get; }

    /// <summary>Parallel, serial or serial with a residual.</summary>
    public Attachment Attachment { get; }

    /// <summary>What the bottleneck's parameters are named after: the module, or the share name of several.</summary>
    public string Owner { get; }

    /// <summary>The bottleneck.</summary>
    public LowRankBottleneck Bottleneck { get; }

    internal void Hook() => _hook = Target.register_forward_hook((_, input, output) => Apply(input, output));

    internal void Unhook()
    {
        _hook?.remove();
        _hook = null;
    }

    private Tensor Apply(Tensor input, Tensor output)
    {
        if (Bottleneck.training != Target.training)
            Bottleneck.train(Target.training);
        Bottleneck.RequireDevice(output, ModuleName);
        try
        {
            Tensor? feature = _feature?.Current;
            return Attachment switch
            {
                Attachment.Parallel => output + Bottleneck.call(input, feature),
                Attachment.Serial => Bottleneck.call(output, feature),
                _ => output + Bottleneck.call(output, feature),
            };
        }
        catch (ArgumentException error)
        {
            throw new InvalidOperationException($"bottleneck on '{ModuleName}': {error.Message}", error);
        }
    }
}
