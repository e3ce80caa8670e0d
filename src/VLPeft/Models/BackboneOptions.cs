namespace VLPeft.Models;

/// <summary>Where a backbone's pooler comes from when it is loaded from a folder.</summary>
public enum PoolerSource
{
    /// <summary>From the checkpoint; a checkpoint without one is an error.</summary>
    Checkpoint,

    /// <summary>Initialised anew from torch's global generator, whatever the checkpoint holds. What Hugging Face does, silently, for
    /// checkpoints without a pooler (those saved from classification or masked-LM models).</summary>
    Fresh,

    /// <summary>None: pooled outputs are null, and asking for one is an error. A pooler in the checkpoint is left out.</summary>
    None,
}

/// <summary>Where a backbone's weights come from when it is made from a folder.</summary>
public enum BackboneWeights
{
    /// <summary>From the folder's checkpoint.</summary>
    Checkpoint,

    /// <summary>Initialised anew from torch's global generator; the folder needs a config.json only.</summary>
    Random,

    /// <summary>None: parameters have shapes but no numbers (on META), for counting; the folder needs a config.json only.</summary>
    ShapesOnly,
}

/// <summary>What may be chosen when a backbone is loaded from a folder; everything else is in its config.json.</summary>
public sealed record BackboneOptions
{
    /// <summary>Where the weights come from.</summary>
    public BackboneWeights Weights { get; init; } = BackboneWeights.Checkpoint;

    /// <summary>Where the pooler comes from.</summary>
    public PoolerSource Pooler { get; init; } = PoolerSource.Checkpoint;

    /// <summary>Dropout to use instead of the configuration's; null keeps the configuration's.</summary>
    public BackboneDropout? Dropout { get; init; }

    /// <summary>For a text backbone with fresh weights: the tokenizer's vocabulary, in place of the configuration's size.</summary>
    public long? VocabularySize { get; init; }
}
