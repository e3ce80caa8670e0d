using static TorchSharp.torch;

namespace VLPeft.Models;

/// <summary>An attention that can be given keys and values beside those of what it reads.</summary>
internal interface IExtensibleAttention
{
    /// <summary>What stands in front of its own; null for nothing.</summary>
    IExtraKeys? Extra { get; set; }

    /// <summary>d.</summary>
    long Width { get; }
}

/// <summary>Keys and values that do not come from hidden states.</summary>
internal interface IExtraKeys
{
    /// <summary>Keys and values, each (P, d), the same for all rows; in any floating type.</summary>
    (Tensor Keys, Tensor Values) Vectors();
}
