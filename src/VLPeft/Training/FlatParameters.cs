using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace VLPeft.Training;

/// <summary>
/// Trainable parameters laid out in one buffer, their gradients in another: the parameters become views of it, so that an optimizer
/// step, a norm or a reset is one call over contiguous memory however many parameters there are.
/// </summary>
internal sealed class FlatParameters : IDisposable
{
    private const int Alignment = 16;           // elements: every parameter starts on a cache line
    private const int NormChunk = 1024;         // elements: one long fp32 sum would lose digits (1.6e-3 at 30 M elements)

    private bool gradientsBound;

    /// <summary>Moves the values into the buffer, in the order given; existing gradients are dropped.</summary>
    public FlatParameters(IReadOnlyList<(string Name, Parameter Parameter)> parameters)
    {
        Check(parameters);
        Slots = Layout(parameters, out long used);
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        Parameter first = parameters[0].Parameter;
        long length = (used + NormChunk - 1) / NormChunk * NormChunk;
        Values = zeros(length, first.dtype, first.device).DetachFromDisposeScope();
        Gradients = zeros_like(Values).DetachFromDisposeScope();
        foreach (Slot slot in Slots)
        {
            Tensor place = slot.In(Values);
            place.copy_(slot.Parameter);
            slot.Parameter.set_(place);
            slot.Parameter.grad = null;
        }
    }

    public Tensor Values { get; }

    public Tensor Gradients { get; }

    public IReadOnlyList<Slot> Slots { get; }

    /// <summary>
    /// After the first backward pass: moves the gradients into the buffer, where later passes accumulate them. Waiting for that pass
    /// shows which parameters the loss does not reach.
    /// </summary>
    /// <param name="allowMissing">Parameters without a gradient are an error, unless true: then they have a gradient of 0.</param>
    /// <exception cref="InvalidOperationException">Parameters have no gradient; the message lists them.</exception>
    public void BindGradients(bool allowMissing)
    {
        if (gradientsBound)
            return;
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        string[] without = [.. Slots.Where(slot => slot.Parameter.grad is null).Select(slot => slot.Name)];
        if (without.Length > 0 && !allowMissing)
            throw new InvalidOperationException(
                $"{without.Length} of {Slots.Count} trainable parameters have no gradient after the first backward pass, so the loss " +
                $"does not depend on them: {string.Join(", ", without)}. Freeze them or use them in the model.");
        foreach (Slot slot in Slots)
        {
            Tensor place = slot.In(Gradients);
            if (slot.Parameter.grad is { } gradient)
                place.add_(gradient, Scalars.One);                                   // not a copy: 0 + (−0) is what a bound gradient would hold
            slot.Parameter.grad = place;
        }
        gradientsBound = true;
    }

    public void ZeroGradients()
    {
        if (gradientsBound)
            Gradients.zero_();
        else
            foreach (Slot slot in Slots)
                slot.Parameter.grad = null;
    }

    /// <summary>The 2-norm over all elements of one of the buffers, a scalar tensor on its device.</summary>
    public static Tensor Norm(Tensor buffer)
    {
        using Tensor chunks = buffer.view(-1, NormChunk);
        using Tensor norms = chunks.norm(1, false, 2f);
        return norms.norm();
    }

    /// <summary>Frees the gradients; the parameters keep their values.</summary>
    public void Dispose()
    {
        foreach (Slot slot in Slots.Where(slot => !slot.Parameter.IsInvalid))
            slot.Parameter.grad = null;
        Values.Dispose();
        Gradients.Dispose();
    }

    private static Slot[] Layout(IReadOnlyList<(string Name, Parameter Parameter)> parameters, out long used)
    {
        var slots = new Slot[parameters.Count];
        used = 0;
        for (int i = 0; i < slots.Length; i++)
        {
            (string name, Parameter parameter) = parameters[i];
            slots[i] = new Slot(name, parameter, used, parameter.numel(), parameter.shape);
            used += (slots[i].Count + Alignment - 1) / Alignment * Alignment;
        }
        return slots;
    }

    private static void Check(IReadOnlyList<(string Name, Parameter Parameter)> parameters)
    {
        if (parameters.Count == 0)
            throw new ArgumentException("There is no trainable parameter.", nameof(parameters));
        var names = new HashSet<string>(StringComparer.Ordinal);
        var handles = new HashSet<nint>();
        Parameter first = parameters[0].Parameter;
        foreach ((string name, Parameter parameter) in parameters)
        {
            if (!names.Add(name) || !handles.Add(parameter.Handle))
                throw new ArgumentException($"The parameter '{name}' is listed twice.", nameof(parameters));
            if (!parameter.requires_grad)
                throw new ArgumentException($"The parameter '{name}' is frozen (requires_grad is false).", nameof(parameters));
            if (parameter.dtype is not (ScalarType.Float32 or ScalarType.Float64))
                throw new ArgumentException($"The trainable parameter '{name}' is {parameter.dtype}: keep trainable parameters in " +
                    "Float32, small updates are lost otherwise.", nameof(parameters));
            if (parameter.dtype != first.dtype || parameter.device.ToString() != first.device.ToString())
                throw new ArgumentException($"The trainable parameters must share a type and a device: '{parameters[0].Name}' is " +
                    $"{first.dtype} on {first.device}, '{name}' {parameter.dtype} on {parameter.device}.", nameof(parameters));
        }
    }

    /// <summary>One parameter and its place in the buffers, in elements.</summary>
    public sealed record Slot(string Name, Parameter Parameter, long Offset, long Count, long[] Shape)
    {
        public Tensor In(Tensor buffer)
        {
            using Tensor part = buffer.narrow(0, Offset, Count);
            return part.view(Shape);
        }
    }
}
