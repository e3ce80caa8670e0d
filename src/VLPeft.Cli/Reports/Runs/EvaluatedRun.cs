using System.Text.Json;
using VLPeft.Cli.Reports;
using VLPeft.Experiments;
using VLPeft.Recipes;
using VLPeft.Training;

namespace VLPeft.Cli.Reports.Runs;

/// <summary>A finished run that was evaluated on a split: what its folder says about it.</summary>
/// <param name="Files">Its folder.</param>
/// <param name="Recipe">Its recipe.</param>
/// <param name="TrainableParameters">How many numbers it trained.</param>
/// <param name="Result">What came out.</param>
internal sealed record EvaluatedRun(RunFiles Files, Recipe Recipe, long TrainableParameters, SeedResult Result) : IComparedRun
{
    /// <exception cref="InvalidInputException">The folder is no run, or the run is not finished, or was not evaluated on the split.</exception>
    public static EvaluatedRun Open(string folder, Split split)
    {
        var files = new RunFiles(folder);
        Recipe recipe = files.ReadRecipe();
        return new EvaluatedRun(files, recipe, TrainableParametersOf(files), ReportedTasks.Of(recipe.Task).Result(files, recipe, split));
    }

    /// <summary>Reads what <c>vlpeft evaluate</c> left in a run folder.</summary>
    /// <exception cref="InvalidInputException">It is not there, or damaged.</exception>
    public static T Evaluation<T>(RunFiles files, Split split)
    {
        string path = files.Evaluation(split);
        if (!File.Exists(path))
            throw new InvalidInputException($"run '{files.Folder}' has no {Path.GetFileName(path)}; `vlpeft evaluate {files.Folder} --split {RunFiles.Name(split)}` makes it.");
        return Parse<T>(path);
    }

    /// <summary>One of the values that a run's validations logged, against the optimizer steps.</summary>
    public static IReadOnlyList<CurvePoint> Curve(RunFiles files, string metric, double scale = 1)
    {
        string path = new RunFolder(files.Folder).Metrics;
        return !File.Exists(path) ? [] :
        [
            .. MetricsLog.Read(path).Where(entry => entry.Validation?.ContainsKey(metric) == true)
                .Select(entry => new CurvePoint(entry.Step, scale * entry.Validation![metric])),
        ];
    }

    /// <summary>The validation score of the weights that a finished run's recipe chooses.</summary>
    /// <exception cref="InvalidInputException">The run logged no validation.</exception>
    public static double ValidationOf(RunFiles files, Recipe recipe)
    {
        IReportedTask task = ReportedTasks.Of(recipe.Task);
        MetricsEntry[] validations = [.. MetricsLog.Read(new RunFolder(files.Folder).Metrics).Where(entry => entry.Validation is not null)];
        if (validations.Length == 0)
            throw new InvalidInputException($"run '{files.Folder}' logged no validation to choose a learning rate by.");
        MetricsEntry chosen = recipe.Training.Evaluate switch
        {
            CheckpointChoice.Last => validations[^1],
            CheckpointChoice.BestLoss => validations.MinBy(entry => entry.Validation!["loss"])!,
            _ => validations.MaxBy(entry => entry.Validation![task.ValidationMetric])!,
        };
        return chosen.Validation![task.ValidationMetric];
    }

    private static long TrainableParametersOf(RunFiles files) => File.Exists(files.Outcome)
        ? Parse<Dictionary<string, JsonElement>>(files.Outcome)["trainable_parameters"].GetInt64()
        : throw new InvalidInputException($"run '{files.Folder}' is not finished (it has no {Path.GetFileName(files.Outcome)}); `vlpeft train` goes on with it.");

    private static T Parse<T>(string path)
    {
        try
        {
            return JsonSerializer.Deserialize<T>(File.ReadAllBytes(path)) ?? throw new JsonException("it is null.");
        }
        catch (JsonException error)
        {
            throw new InvalidInputException($"'{path}' is damaged: {error.Message}", error);
        }
    }
}
