using System.Globalization;
using System.Text.Json;
using VLPeft.Training;

namespace VLPeft.Pretraining;

/// <summary>What pre-training on drawn scenes takes, whatever is trained; the defaults are the shipped models'.</summary>
public abstract record ScenePretrainingOptions
{
    private protected ScenePretrainingOptions(int steps, int batchSize, double learningRate) =>
        (Steps, BatchSize, LearningRate) = (steps, batchSize, learningRate);

    /// <summary>Seeds weights, pictures and their order; 0 or more.</summary>
    public long Seed { get; init; } = 1;

    /// <summary>Training pictures.</summary>
    public int Images { get; init; } = 16_000;

    /// <summary>Pictures of another seed, for the metrics.</summary>
    public int HeldOutImages { get; init; } = 2_000;

    /// <summary>Optimizer steps.</summary>
    public int Steps { get; init; }

    /// <summary>Pictures in a batch.</summary>
    public int BatchSize { get; init; }

    /// <summary>The peak learning rate.</summary>
    public double LearningRate { get; init; }

    /// <summary>
    /// Standard deviation of what says where a patch is: position embeddings, a BEiT's relative position biases. With the usual 0.02 a ViT's
    /// pooled feature tells what is in a picture, but not where.
    /// </summary>
    public double PositionDeviation { get; init; } = 0.4;

    /// <summary>How few pictures there may be, in all and in a batch.</summary>
    private protected abstract int Fewest { get; }

    /// <summary>The command's name, and what is typed of the options that it alone has.</summary>
    private protected abstract string CommandName { get; }

    internal virtual void Validate()
    {
        string pictures = string.Create(CultureInfo.InvariantCulture, $"from {Fewest} to 500,000");
        PretrainingTrainer.Require(Seed >= 0, nameof(Seed), "0 or more", Seed);
        PretrainingTrainer.Require(Images >= Fewest && Images <= 500_000, nameof(Images), pictures, Images);
        PretrainingTrainer.Require(HeldOutImages >= Fewest && HeldOutImages <= 500_000, nameof(HeldOutImages), pictures, HeldOutImages);
        PretrainingTrainer.Require(Steps >= 1, nameof(Steps), "1 or more", Steps);
        PretrainingTrainer.Require(BatchSize >= Fewest, nameof(BatchSize), FormattableString.Invariant($"{Fewest} or more"), BatchSize);
        PretrainingTrainer.Require(LearningRate is > 0 and < 1, nameof(LearningRate), "above 0 and below 1", LearningRate);
        PretrainingTrainer.Require(PositionDeviation is >= 0 and < 10, nameof(PositionDeviation), "from 0 to 10", PositionDeviation);
    }

    // By its own type, so that another architecture or value is another run.
    internal TrainerOptions Trainer() =>
        PretrainingTrainer.Options(Steps, LearningRate, beta2: 0.98, Seed, JsonSerializer.Serialize(this, GetType()));

    /// <summary>The options by name, for the report.</summary>
    internal virtual Dictionary<string, object?> Named() => new()
    {
        ["seed"] = Seed,
        ["images"] = Images,
        ["held_out_images"] = HeldOutImages,
        ["steps"] = Steps,
        ["batch_size"] = BatchSize,
        ["learning_rate"] = LearningRate,
        ["position_deviation"] = PositionDeviation,
    };

    /// <summary>The command that makes the model, with FOLDER for the output.</summary>
    internal string Command() => string.Create(CultureInfo.InvariantCulture,
        $"vlpeft pretrain {CommandName} --output FOLDER --seed {Seed} --steps {Steps} --images {Images} "
        + $"--batch-size {BatchSize} --learning-rate {LearningRate:R}");
}
