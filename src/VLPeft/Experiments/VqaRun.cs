using System.Text.Json;
using VLPeft.Checkpoints;
using VLPeft.Evaluation;
using VLPeft.Models;
using VLPeft.Recipes;
using VLPeft.Training;

namespace VLPeft.Experiments;

/// <summary>A run folder of question answering: trains a recipe into it, and answers questions out of it.</summary>
public static class VqaRun
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <summary>Trains a recipe, or goes on where the folder's run was interrupted; a finished run is left as it is.</summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="folder">The run folder; made when it does not exist.</param>
    /// <param name="reporter">Is told how it goes.</param>
    /// <param name="cancellation">Ends the run after the current step, with a checkpoint.</param>
    /// <exception cref="InvalidInputException">The folder holds a run of another recipe, or the recipe can't be put together.</exception>
    public static TrainingOutcome Train(Recipe recipe, string folder, IRunReporter reporter, CancellationToken cancellation = default) =>
        ExperimentRun.Train(
            recipe, folder, reporter, files => VqaExperiment.Prepare(recipe, files, reporter, cancellation),
            experiment =>
            {
                VqaTask task = experiment.Task();
                if (experiment.Questions(Split.Train).Coverage is { } coverage)
                    reporter.Message($"training answers: {coverage}");
                return task;
            },
            cancellation);

    /// <summary>Opens a finished (or interrupted) run with the weights that its recipe chooses.</summary>
    /// <exception cref="InvalidInputException">The folder is no run of this task, or holds no weights yet.</exception>
    public static VqaExperiment Open(string folder, IRunReporter reporter, CancellationToken cancellation = default) =>
        ExperimentRun.Open(folder, RecipeTask.Vqa, (recipe, files) => VqaExperiment.Prepare(recipe, files, reporter, cancellation));

    /// <summary>Answers a split, scores it, and keeps both in the run folder.</summary>
    /// <returns>The scores.</returns>
    public static VqaScores Evaluate(VqaExperiment experiment, RunFiles files, Split split, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(experiment);
        ArgumentNullException.ThrowIfNull(files);
        VqaScores scores = experiment.Scorer.Score(experiment.Questions(split), cancellation);
        VqaResultFile.Write(files.Predictions(split), scores.Predictions);
        AtomicFile.WriteText(files.Evaluation(split), JsonSerializer.Serialize(VqaEvaluationReport.Of(split, scores, experiment.Recipe), Indented) + "\n");
        return scores;
    }
}
