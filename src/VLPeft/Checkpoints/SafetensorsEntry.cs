using static TorchSharp.torch;

namespace VLPeft.Checkpoints;

/// <summary>One tensor of a safetensors file, as its header describes it.</summary>
/// <param name="Dtype">The element type.</param>
/// <param name="Shape">The sizes; empty for a scalar.</param>
/// <param name="Offset">Where the data begins, in bytes from the start of the file.</param>
/// <param name="ByteCount">The length of the data in bytes.</param>
public sealed record SafetensorsEntry(ScalarType Dtype, IReadOnlyList<long> Shape, long Offset, long ByteCount);
