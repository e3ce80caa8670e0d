using System.Security.Cryptography;
using System.Text;
using VLPeft.Recipes;
using VLPeft.Training;

namespace VLPeft.Experiments;

/// <summary>A recipe's training section as the trainer takes it.</summary>
internal static class RunOptions
{
    /// <summary>The metric by which a checkpoint is chosen; null for the last one.</summary>
    public static string? MetricOf(CheckpointChoice choice) => choice switch
    {
        CheckpointChoice.BestLoss => "loss",
        CheckpointChoice.BestAccuracy => "accuracy",
        CheckpointChoice.BestCider => "cider",
        CheckpointChoice.BestMean => "mean",
        _ => null,
    };

    /// <summary>The options of a recipe's run; the best weights are kept by each of the task's metrics.</summary>
    public static TrainerOptions Of(Recipe recipe)
    {
        TrainingSection training = recipe.Training;
        string score = recipe.Task switch { RecipeTask.Vqa => "accuracy", RecipeTask.Captioning => "cider", _ => "mean" };
        return new TrainerOptions
        {
            Steps = training.Steps > 0 ? training.Steps : null,
            Epochs = training.Steps > 0 ? null : training.Epochs,
            LearningRate = training.LearningRate,
            Schedule = new ScheduleOptions(
                Enum.Parse<ScheduleShape>(training.Schedule.ToString()),
                training.WarmupSteps > 0 ? Warmup.Steps(training.WarmupSteps) : Warmup.Fraction(training.WarmupFraction)),
            Optimizer = new AdamWOptions
            {
                Form = training.Optimizer == OptimizerKind.Adamw ? AdamWForm.Torch : AdamWForm.Transformers,
                Beta1 = training.Beta1,
                Beta2 = training.Beta2,
                Epsilon = training.Epsilon,
                WeightDecay = training.WeightDecay,
            },
            Accumulation = training.Accumulate,
            ClipNorm = training.ClipNorm > 0 ? training.ClipNorm : null,
            Validation = training.ValidateEvery > 0 ? Cadence.Steps(training.ValidateEvery) : Cadence.Epochs(1),
            KeepBest = ["loss", score],
            EarlyStopping = training.Patience > 0 ? new EarlyStopping(MetricOf(training.Evaluate) ?? score, training.Patience) : null,
            CheckpointSteps = training.CheckpointEvery > 0 ? training.CheckpointEvery : null,
            LogEvery = training.LogEvery,
            Seed = recipe.Seed,
            Identity = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(recipe.ToYaml())))[..16],
        };
    }
}
