using VLPeft.Data.Features;

namespace VLPeft.Recipes;

/// <summary>How weights start.</summary>
public enum WeightInitialization
{
    /// <summary>From the checkpoint in the model's folder.</summary>
    Pretrained,

    /// <summary>At random, by config.json alone.</summary>
    Random,
}

/// <summary>Where a pooler's weights come from.</summary>
public enum PoolerSetting
{
    /// <summary>From the checkpoint; a checkpoint without one is an error.</summary>
    Checkpoint,

    /// <summary>Made anew by the recipe's seed.</summary>
    Fresh,
}

/// <summary>Where image features come from: a vision encoder, or a file of features made elsewhere.</summary>
public sealed record VisionSection
{
    /// <summary>The encoder's Hugging Face folder.</summary>
    [RecipePath]
    public string? Model { get; init; }

    /// <summary><c>pretrained</c>, or <c>random</c> to train it from scratch.</summary>
    public WeightInitialization Init { get; init; } = WeightInitialization.Pretrained;

    /// <summary>
    /// The pooler's weights: <c>checkpoint</c>, or <c>fresh</c> for checkpoints without one (those of classifiers; Hugging Face then makes
    /// a new one without being asked).
    /// </summary>
    public PoolerSetting Pooler { get; init; } = PoolerSetting.Checkpoint;

    /// <summary>Whether the encoder trains with the rest; pictures are then encoded in every step.</summary>
    public bool Train { get; init; }

    /// <summary>
    /// The image processor when the model's folder has no preprocessor_config.json: <c>vit</c>, <c>beit</c>, <c>deit</c> or <c>clip</c>.
    /// </summary>
    public string? Processor { get; init; }

    /// <summary>Where frozen features are kept, a folder that runs share: VLPEFT_CACHE or ~/.cache/vlpeft/features when it is left out.</summary>
    [RecipePath]
    public string? Cache { get; init; }

    /// <summary>How precisely the cache keeps them.</summary>
    public FeatureStorage CacheStorage { get; init; } = FeatureStorage.Float32;

    /// <summary>Features made elsewhere, instead of a model.</summary>
    public PreExtractedSection Features { get; init; } = new();

    internal void Validate()
    {
        Check.That(Model is null || !Features.IsNamed, "vision.model and vision.features", "one of the two", "both");
        Check.That(Features.File is null || Features.Hdf5.Count == 0, "vision.features.file and vision.features.hdf5", "one of the two", "both");
        Check.That(Features.File is null == Features.Index is null, "vision.features", "a file and its index", Features.File ?? Features.Index);
        Check.That(Init == WeightInitialization.Pretrained || Train, "vision.train", "true for an encoder that starts at random", Train);
        Check.That(!Train || Model is not null, "vision.model", "an encoder to train", Model);
    }
}

/// <summary>A safetensors file of features and the rows of its pictures, or HDF5 files with a group for each picture.</summary>
public sealed record PreExtractedSection
{
    /// <summary>The safetensors file.</summary>
    [RecipePath]
    public string? File { get; init; }

    /// <summary>A JSON file {"rows": {image id: row}}.</summary>
    [RecipePath]
    public string? Index { get; init; }

    /// <summary>The tensor's name, (N, d) or (N, V, d); the file's only one when it is left out.</summary>
    public string? Tensor { get; init; }

    /// <summary>Instead: HDF5 files in VL-T5's layout, <c>NAME/features</c> for each picture.</summary>
    [RecipePath]
    public IReadOnlyList<string> Hdf5 { get; init; } = [];

    internal bool IsNamed => File is not null || Hdf5.Count > 0;
}
