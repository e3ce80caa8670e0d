using static TorchSharp.torch;

namespace VLPeft.Checkpoints;

/// <summary>How <see cref="StateDictLoader"/> maps a checkpoint onto a model.</summary>
public sealed record LoadOptions
{
    /// <summary>
    /// From a checkpoint's key to the model's name, e.g. <c>CheckpointKeys.StripPrefix("roberta.")</c>; null when both agree.
    /// </summary>
    public Func<string, string>? Rename { get; init; }

    /// <summary>
    /// Keys of the checkpoint, before renaming, that the model may have no place for, with <c>*</c> and <c>?</c> as wildcards:
    /// <c>"lm_head.*"</c>, <c>"*position_ids"</c>. A key that the model has a place for is loaded all the same.
    /// </summary>
    public IReadOnlyList<string> Ignore { get; init; } = [];

    /// <summary>
    /// Element type of all floating-point parameters and buffers; null keeps the model's own, so that half-precision files are widened
    /// to a float32 model. Where the file has the wanted type, nothing is copied.
    /// </summary>
    public ScalarType? Dtype { get; init; }

    /// <summary>Whether the loaded floating-point parameters are trainable; frozen by default.</summary>
    public bool RequiresGrad { get; init; }
}
