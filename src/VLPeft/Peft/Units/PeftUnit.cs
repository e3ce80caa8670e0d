using TorchSharp;
using TorchSharp.Modules;
using VLPeft.Models;
using static TorchSharp.torch;

namespace VLPeft.Peft;

/// <summary>What a method adds to one module: parameters, and how the module feels them.</summary>
public abstract class PeftUnit : nn.Module
{
    /// <summary>Names the unit for error messages.</summary>
    protected PeftUnit(string name) : base(name) { }

    /// <summary>One line of the audit: what it is made of.</summary>
    public abstract string Description { get; }

    /// <summary>Its parameters by their full names, those that it shares with other units under the same name everywhere.</summary>
    /// <param name="module">The full name of the module that it is attached to.</param>
    public virtual IEnumerable<(string Name, Parameter Parameter)> Named(string module) =>
        named_parameters().Select(one => ($"{module}.{one.name}", one.parameter));

    /// <summary>Makes a module feel the unit until the result is disposed.</summary>
    protected internal abstract IDisposable? Attach(nn.Module target);

    /// <summary>Whether <see cref="Merge"/> is possible.</summary>
    protected internal virtual bool CanMerge => false;

    /// <summary>Writes the unit into its module's own weights, for good.</summary>
    /// <exception cref="NotSupportedException">It is nothing that a weight could hold.</exception>
    protected internal virtual void Merge(nn.Module target) => throw new NotSupportedException($"{Description} can't be written into weights.");

    /// <summary>Lets the module take something else than it is given.</summary>
    protected IDisposable OnInput(nn.Module target, Func<Tensor, Tensor> change)
    {
        var hook = OneToOne(target).register_forward_pre_hook((_, input) =>
        {
            Follow(target, input);
            return change(input);
        });
        return new Hook(hook.remove);
    }

    /// <summary>Lets the module give something else than it made, from its input and output.</summary>
    protected IDisposable OnOutput(nn.Module target, Func<Tensor, Tensor, Tensor> change)
    {
        var hook = OneToOne(target).register_forward_hook((_, input, output) =>
        {
            Follow(target, output);
            return change(input, output);
        });
        return new Hook(hook.remove);
    }

    /// <summary>A parameter on a module's device, in fp32 above weights of less: small updates would be lost in them.</summary>
    protected internal static Parameter Beside(nn.Module target, Tensor value)
    {
        if (target.parameters().FirstOrDefault() is not { } weight)
            return Layers.Bare(value);
        ScalarType type = weight.dtype == ScalarType.Float64 ? ScalarType.Float64 : ScalarType.Float32;
        return Layers.Bare(value.detach().to(type, weight.device));
    }

    /// <summary>A trained tensor in the type of what it meets.</summary>
    protected static Tensor As(Tensor value, Tensor like) => value.dtype == like.dtype ? value : value.to(like.dtype);

    /// <summary>A linear layer's or Conv1D's weight as (out, in), a view.</summary>
    /// <exception cref="InvalidInputException">The module has none.</exception>
    private protected static Tensor Weight(string name, nn.Module target) =>
        target is nn.Module<Tensor, Tensor> and not Embedding && target.get_parameter("weight") is { } weight && weight.dim() == 2
            ? target is Conv1D ? weight.t() : weight
            : throw new InvalidInputException($"module '{name}' ({target.GetType().Name}) has no weight (out, in), which this method needs.");

    private static nn.Module<Tensor, Tensor> OneToOne(nn.Module target) => target as nn.Module<Tensor, Tensor>
        ?? throw new InvalidInputException($"a {target.GetType().Name} is no module from one tensor to one tensor.");

    private void Follow(nn.Module target, Tensor hidden)
    {
        if (training != target.training)
            train(target.training);
        if (parameters().FirstOrDefault() is { } own && (own.device_type != hidden.device_type || own.device_index != hidden.device_index))
            throw new InvalidOperationException($"{Description} is on {own.device}, but its hidden states are on {hidden.device}: "
                + "move the model before anything is injected into it (or detach it, move the model, and load it again).");
    }

    private sealed class Hook(Action remove) : IDisposable
    {
        public void Dispose() => remove();
    }
}
