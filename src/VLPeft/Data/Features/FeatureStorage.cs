using static TorchSharp.torch;

namespace VLPeft.Data.Features;

/// <summary>The number format in which features lie on disk; what is read is always float32.</summary>
public enum FeatureStorage
{
    /// <summary>Exactly what the encoder gave; 4 bytes a number. The default.</summary>
    Float32,

    /// <summary>Half precision: 2 bytes, 11 significant bits, numbers up to 65,504.</summary>
    Float16,

    /// <summary>bfloat16: 2 bytes, 8 significant bits, the range of float32.</summary>
    BFloat16,
}

internal static class FeatureStorages
{
    public static ScalarType TorchType(this FeatureStorage storage) => storage switch
    {
        FeatureStorage.Float32 => ScalarType.Float32,
        FeatureStorage.Float16 => ScalarType.Float16,
        FeatureStorage.BFloat16 => ScalarType.BFloat16,
        _ => throw new ArgumentOutOfRangeException(nameof(storage)),
    };

    public static int Bytes(this FeatureStorage storage) => storage == FeatureStorage.Float32 ? 4 : 2;
}
