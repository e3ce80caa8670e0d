using static TorchSharp.torch;

namespace VLPeft.Checkpoints;

/// <summary>Named tensors that can be read one by one: a file, or a folder of shards.</summary>
public interface ITensorSource
{
    /// <summary>What the source is, for messages: its path.</summary>
    string Description { get; }

    /// <summary>The names of all tensors.</summary>
    IReadOnlyCollection<string> Names { get; }

    /// <summary>Type, shape and place of a tensor, without touching its data.</summary>
    /// <exception cref="ArgumentException">There is no tensor of that name.</exception>
    SafetensorsEntry Entry(string name);

    /// <summary>The tensor, on the CPU, owned by the caller (or by the current dispose scope).</summary>
    /// <exception cref="ArgumentException">There is no tensor of that name.</exception>
    Tensor Read(string name);
}
