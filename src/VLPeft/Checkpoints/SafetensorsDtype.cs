using static TorchSharp.torch;

namespace VLPeft.Checkpoints;

/// <summary>The format's names of element types, in the order the reference writer sorts them (widest alignment last).</summary>
internal static class SafetensorsDtype
{
    private static readonly (string Name, ScalarType Type, int Size)[] Known =
    [
        ("BOOL", ScalarType.Bool, 1), ("U8", ScalarType.Byte, 1), ("I8", ScalarType.Int8, 1),
        ("I16", ScalarType.Int16, 2), ("F16", ScalarType.Float16, 2), ("BF16", ScalarType.BFloat16, 2),
        ("I32", ScalarType.Int32, 4), ("F32", ScalarType.Float32, 4),
        ("C64", ScalarType.ComplexFloat32, 8), ("F64", ScalarType.Float64, 8), ("I64", ScalarType.Int64, 8),
    ];

    /// <summary>Types of the format for which TorchSharp has no element type.</summary>
    private static readonly string[] Unreadable =
        ["F4", "F6_E2M3", "F6_E3M2", "F8_E4M3", "F8_E5M2", "F8_E8M0", "F8_E4M3FNUZ", "F8_E5M2FNUZ", "U16", "U32", "U64"];

    public static bool TryParse(string name, out ScalarType type)
    {
        int i = Array.FindIndex(Known, known => known.Name == name);
        type = i < 0 ? default : Known[i].Type;
        return i >= 0;
    }

    public static bool IsUnreadable(string name) => Array.IndexOf(Unreadable, name) >= 0;

    public static string NameOf(ScalarType type) => Known[Rank(type)].Name;

    public static int SizeOf(ScalarType type) => Known[Rank(type)].Size;

    /// <summary>Alignment the data wants: a complex number is two floats.</summary>
    public static int AlignmentOf(ScalarType type) => type == ScalarType.ComplexFloat32 ? 4 : SizeOf(type);

    public static bool IsKnown(ScalarType type) => Array.FindIndex(Known, known => known.Type == type) >= 0;

    /// <summary>The place in the reference's order; its writer puts higher ranks first, so that all data stay aligned.</summary>
    public static int Rank(ScalarType type)
    {
        int i = Array.FindIndex(Known, known => known.Type == type);
        return i >= 0 ? i : throw new ArgumentException($"Safetensors files hold no tensors of type {type}.", nameof(type));
    }
}
