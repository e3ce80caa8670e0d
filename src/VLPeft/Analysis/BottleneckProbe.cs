using TorchSharp;
using VLPeft.Peft;
using static TorchSharp.torch;

namespace VLPeft.Analysis;

/// <summary>Sees what goes into the bottlenecks of a model while it runs, and can give them another x_R; gone when it is disposed.</summary>
internal sealed class BottleneckProbe : IDisposable
{
    private readonly List<nn.Module<Tensor, Tensor?, Tensor>.HookRemover> _hooks = [];

    /// <param name="bottlenecks">Those to watch.</param>
    /// <param name="see">Is given each bottleneck with x_H (B, T, d) and x_R (B, V, d) or null, and returns the x_R that it gets.</param>
    public BottleneckProbe(IEnumerable<AttachedBottleneck> bottlenecks, Func<AttachedBottleneck, Tensor, Tensor?, Tensor?> see)
    {
        foreach (AttachedBottleneck one in bottlenecks)
            _hooks.Add(one.Bottleneck.register_forward_pre_hook((_, hidden, feature) => (hidden, see(one, hidden, feature))));
    }

    public void Dispose() => _hooks.ForEach(hook => hook.remove());
}
