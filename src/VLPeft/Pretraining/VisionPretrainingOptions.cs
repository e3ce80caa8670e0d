using VLPeft.Models;
using VLPeft.Models.Vit;

namespace VLPeft.Pretraining;

/// <summary>What a small vision encoder is pre-trained with; the defaults are the shipped model's.</summary>
public sealed record VisionPretrainingOptions
{
    /// <summary>Seeds weights, pictures and their order; 0 or more.</summary>
    public long Seed { get; init; } = 1;

    /// <summary>Training pictures.</summary>
    public int Images { get; init; } = 16_000;

    /// <summary>Pictures of another seed, for the metrics.</summary>
    public int HeldOutImages { get; init; } = 2_000;

    /// <summary>Optimizer steps.</summary>
    public int Steps { get; init; } = 2_000;

    /// <summary>Pictures in a batch.</summary>
    public int BatchSize { get; init; } = 64;

    /// <summary>The peak learning rate.</summary>
    public double LearningRate { get; init; } = 4e-3;

    /// <summary>
    /// Standard deviation of the fresh position embeddings. With ViT's usual 0.02 the pooled feature tells what is in a picture, but not
    /// where.
    /// </summary>
    public double PositionDeviation { get; init; } = 0.4;

    /// <summary>The architecture: 117,760 parameters. The heads of pre-training, not counted, have 7,215 more.</summary>
    internal static VitConfig Architecture { get; } = new()
    {
        ImageSize = 32,
        PatchSize = 8,
        Width = 64,
        Layers = 2,
        Heads = 4,
        Intermediate = 256,
        // ViT's own 0.02 is for widths of 768 and more; at 64, attention would start out blind.
        InitializerRange = 0.1,
        Dropout = BackboneDropout.None,
    };

    internal void Validate()
    {
        PretrainingTrainer.Require(Seed >= 0, nameof(Seed), "0 or more", Seed);
        PretrainingTrainer.Require(Images is >= 1 and <= 500_000, nameof(Images), "from 1 to 500,000", Images);
        PretrainingTrainer.Require(HeldOutImages is >= 1 and <= 500_000, nameof(HeldOutImages), "from 1 to 500,000", HeldOutImages);
        PretrainingTrainer.Require(Steps >= 1, nameof(Steps), "1 or more", Steps);
        PretrainingTrainer.Require(BatchSize >= 1, nameof(BatchSize), "1 or more", BatchSize);
        PretrainingTrainer.Require(LearningRate is > 0 and < 1, nameof(LearningRate), "above 0 and below 1", LearningRate);
        PretrainingTrainer.Require(PositionDeviation is >= 0 and < 10, nameof(PositionDeviation), "from 0 to 10", PositionDeviation);
    }
}
