using System.Runtime.InteropServices;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace VLPeft.Checkpoints;

/// <summary>
/// One parameter or persistent buffer of a module, with all its names (tied parameters have several), and the way a value gets in.
/// </summary>
/// <remarks>
/// A value is put in place without a copy by making the tensor object that the module holds an alias of it
/// (<c>aoti_torch_assign_tensors</c>). That works across devices and element types, for the parameters of TorchSharp's modules and for
/// fields of a user's module alike, keeps the registry and tied parameters as they are, and so makes models on the META device real.
/// </remarks>
internal sealed partial class StateSlot(Tensor tensor)
{
    private readonly List<nn.Module> owners = [];
    private readonly List<string> names = [];

    public IReadOnlyList<string> Names => names;

    public string Label => string.Join(" = ", names);

    public long[] Shape => tensor.shape;

    public ScalarType Dtype => tensor.dtype;

    /// <summary>All slots of a model in the order of its registry.</summary>
    public static List<StateSlot> Of(nn.Module model)
    {
        var modules = model.named_modules().ToDictionary(m => m.name, m => m.module, StringComparer.Ordinal);
        modules[""] = model;
        var slots = new Dictionary<nint, StateSlot>();
        foreach ((string name, Tensor tensor) in model.state_dict())
        {
            if (!slots.TryGetValue(tensor.Handle, out StateSlot? slot))
                slots.Add(tensor.Handle, slot = new StateSlot(tensor));
            slot.names.Add(name);
            slot.owners.Add(modules[name[..Math.Max(name.LastIndexOf('.'), 0)]]);
        }
        return [.. slots.Values];
    }

    /// <summary>Why a value of the given type can't be put in, or null.</summary>
    public string? Obstacle(ScalarType dtype) =>
        owners.Find(owner => !SeesAliases(owner)) is not { } native ? null
        : IsMeta ? $"{native.GetName()} can't be loaded on the META device"
        : dtype != tensor.dtype ? $"{native.GetName()} can't change its type from {tensor.dtype} to {dtype}"
        : null;

    /// <summary>Puts in a value of the slot's shape; it is moved to the slot's device first (from META: stays on the CPU).</summary>
    /// <param name="value">The value; afterwards the module shares it, or has copied it.</param>
    /// <param name="requiresGrad">Whether a floating-point parameter is trainable.</param>
    public void Put(Tensor value, bool requiresGrad)
    {
        bool trainable = requiresGrad && tensor is Parameter && value.is_floating_point();
        if (!owners.TrueForAll(SeesAliases))
        {
            tensor.copy_(value);
            tensor.requires_grad = trainable;
            return;
        }
        Tensor placed = IsMeta ? value : value.to(tensor.device);
        placed.requires_grad = trainable;
        if (aoti_torch_assign_tensors(placed.Handle, tensor.Handle) != 0)
            throw new InvalidOperationException($"libtorch could not assign a value to {Label}.");
        owners.ForEach(ShowNative);
    }

    private bool IsMeta => tensor.device_type == DeviceType.META;

    /// <summary>
    /// Modules written in C# compute with the tensor objects they hold. Some of TorchSharp's own compute in C++ with tensors of their
    /// own, which an alias does not reach.
    /// </summary>
    private static bool SeesAliases(nn.Module owner) =>
        owner.GetType().Assembly != typeof(nn.Module).Assembly
        || owner is Linear or Bilinear or Convolution or LayerNorm or GroupNorm or NormBase or PReLU or Embedding or EmbeddingBag
            or ParameterList or ParameterDict;

    /// <summary>Embeddings compute in C++, but their setter takes the tensor there.</summary>
    private void ShowNative(nn.Module owner)
    {
        if (owner is Embedding embedding)
            embedding.weight = (Parameter)tensor;
        else if (owner is EmbeddingBag bag)
            bag.weight = (Parameter)tensor;
    }

    [LibraryImport("torch_cpu")]
    private static partial int aoti_torch_assign_tensors(nint source, nint destination);
}
