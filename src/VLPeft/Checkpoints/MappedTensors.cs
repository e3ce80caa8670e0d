using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace VLPeft.Checkpoints;

/// <summary>
/// Tensors over foreign memory. Each one holds a reference on the handle of that memory, given back by the callback that libtorch
/// runs when the last view of the tensor's storage goes: so the memory lives exactly as long as something can read it.
/// </summary>
internal static unsafe partial class MappedTensors
{
    // libtorch hands its callback nothing but the data pointer, so the pointer has to lead to the owner. Several tensors may
    // stand on one address; while any does, the memory stays mapped and the address can't come to mean anything else.
    private static readonly Dictionary<nint, (SafeHandle Owner, int Count)> Owners = [];

    /// <summary>A CPU tensor over <paramref name="data"/>, which must not be empty and lie in <paramref name="owner"/>.</summary>
    public static Tensor Create(SafeHandle owner, byte* data, ScalarType dtype, IReadOnlyList<long> shape)
    {
        InitializeDevice(CPU);                                          // loads the native library the way TorchSharp does
        bool added = false;
        owner.DangerousAddRef(ref added);
        lock (Owners)
        {
            Owners.TryGetValue((nint)data, out var entry);
            Owners[(nint)data] = (owner, entry.Count + 1);
        }
        long[] sizes = [.. shape];
        nint handle;
        fixed (long* pointer = sizes)
        {
            handle = THSTensor_new(data, &Release, pointer, sizes.Length, (sbyte)dtype, (sbyte)dtype, (int)DeviceType.CPU, -1, 0);
        }
        if (handle == 0)
            CheckForErrors();
        return Tensor.UnsafeCreateTensor(handle);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Release(void* data)
    {
        SafeHandle owner;
        lock (Owners)
        {
            (owner, int count) = Owners[(nint)data];
            if (count == 1)
                Owners.Remove((nint)data);
            else
                Owners[(nint)data] = (owner, count - 1);
        }
        owner.DangerousRelease();
    }

    [LibraryImport("LibTorchSharp")]
    [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    private static partial nint THSTensor_new(void* data, delegate* unmanaged[Cdecl]<void*, void> deleter, long* sizes, int dimensions,
        sbyte type, sbyte dtype, int deviceType, int deviceIndex, byte requiresGrad);
}
