using TorchSharp.Modules;
using static TorchSharp.torch;

namespace VLPeft.Peft;

/// <summary>One unit on one module of a backbone.</summary>
public sealed class AttachedUnit
{
    private IDisposable? _hold;

    internal AttachedUnit(string module, nn.Module target, IPeftUnitKind kind, PeftUnit unit) => (ModuleName, Target, Kind, Unit) = (module, target, kind, unit);

    /// <summary>The module's full name in the backbone.</summary>
    public string ModuleName { get; }

    /// <summary>The module itself.</summary>
    public nn.Module Target { get; }

    /// <summary>The method.</summary>
    public IPeftUnitKind Kind { get; }

    /// <summary>The unit.</summary>
    public PeftUnit Unit { get; }

    /// <summary>Its parameters by their full names.</summary>
    public IEnumerable<(string Name, Parameter Parameter)> Parameters => Unit.Named(ModuleName);

    internal void Hook() => _hold = Unit.Attach(Target);

    internal void Unhook()
    {
        _hold?.Dispose();
        _hold = null;
    }
}
