using TorchSharp.Modules;
using VLPeft.Training;
using static TorchSharp.torch;

namespace VLPeft.Pretraining;

/// <summary>What both pre-trainings share: how the trainer is set, and how the held-out metrics become numbers in a report.</summary>
internal static class PretrainingTrainer
{
    private const int ValidateEvery = 500;

    public static TrainerOptions Options(int steps, double learningRate, double beta2, long seed, string identity) => new()
    {
        Steps = steps,
        LearningRate = learningRate,
        Schedule = new ScheduleOptions(ScheduleShape.Linear, Warmup.Fraction(0.05)),
        Optimizer = new AdamWOptions { Beta2 = beta2 },
        ClipNorm = 1,
        Validation = Cadence.Steps(ValidateEvery),
        KeepBest = [],
        TensorBoard = false,
        Seed = seed,
        Identity = identity,
    };

    public static IReadOnlyList<(string Name, Parameter Parameter)> Parameters(params (string Prefix, nn.Module Module)[] parts) =>
        [.. parts.SelectMany(part => part.Module.named_parameters().Select(one => (part.Prefix + one.name, one.parameter)))];

    public static long Count(nn.Module module) => module.parameters().Sum(parameter => parameter.numel());

    /// <summary>Metrics by name, to six digits: more would only tell machines apart.</summary>
    public static IReadOnlyDictionary<string, double> Numbers(EvaluationResult result) =>
        result.Metrics.ToDictionary(metric => metric.Name, metric => Math.Round(metric.Value, 6));

    public static void Require(bool holds, string option, string expected, object came)
    {
        if (!holds)
            throw new InvalidInputException(FormattableString.Invariant($"Pre-training option {option} must be {expected}, not {came}."));
    }
}
