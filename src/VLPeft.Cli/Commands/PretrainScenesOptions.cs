using System.CommandLine;
using VLPeft.Pretraining;

namespace VLPeft.Cli.Commands;

/// <summary>The options of every pre-training on drawn scenes.</summary>
/// <param name="defaults">What they say when they are left out.</param>
internal sealed class PretrainScenesOptions(ScenePretrainingOptions defaults)
{
    private readonly Option<long> _seed = CommonOptions.Number("--seed", "Seeds weights, pictures and their order.", defaults.Seed);
    private readonly Option<int> _steps = CommonOptions.Number("--steps", "Optimizer steps.", defaults.Steps);
    private readonly Option<int> _images = CommonOptions.Number("--images", "Training pictures.", defaults.Images);
    private readonly Option<int> _batch = CommonOptions.Number("--batch-size", "Pictures in a batch.", defaults.BatchSize);
    private readonly Option<double> _rate = CommonOptions.Number("--learning-rate", "The peak learning rate.", defaults.LearningRate);

    public void AddTo(Command command)
    {
        foreach (Option option in (Option[])[_seed, _steps, _images, _batch, _rate])
            command.Add(option);
    }

    public ScenePretrainingOptions Of(ParseResult parsed) => defaults with
    {
        Seed = parsed.GetValue(_seed),
        Steps = parsed.GetValue(_steps),
        Images = parsed.GetValue(_images),
        BatchSize = parsed.GetValue(_batch),
        LearningRate = parsed.GetValue(_rate),
    };
}
