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
    public static TrainingOutcome Train(Recipe recipe, string folder, IRunReporter reporter, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(recipe);
        ArgumentNullException.ThrowIfNull(reporter);
        var files = new RunFiles(folder);
        files.Claim(recipe);
        using VqaExperiment experiment = VqaExperiment.Prepare(recipe, files, reporter, cancellation);
        string audit = experiment.Audit();
        AtomicFile.WriteText(files.Audit, audit);
        reporter.Message(audit.TrimEnd());
        VqaTask task = experiment.Task();
        if (experiment.Questions(Split.Train).Coverage is { } coverage)
            reporter.Message($"training answers: {coverage}");
        TrainingOutcome outcome = Trainer.Run(task, RunOptions.Of(recipe), new RunFolder(files.Folder), reporter, cancellation);
        if (outcome.Status != TrainingStatus.Interrupted)
            Export(experiment.System, recipe, files, outcome);
        return outcome;
    }

    /// <summary>Opens a finished (or interrupted) run with the weights that its recipe chooses.</summary>
    /// <exception cref="InvalidInputException">The folder is no run of this task, or holds no weights yet.</exception>
    public static VqaExperiment Open(string folder, IRunReporter reporter, CancellationToken cancellation = default)
    {
        var files = new RunFiles(folder);
        Recipe recipe = files.ReadRecipe(RecipeTask.Vqa);
        VqaExperiment experiment = VqaExperiment.Prepare(recipe, files, reporter, cancellation);
        try
        {
            TrainedParameters.Load(files.WeightsOf(recipe), experiment.System.TrainableParameters);
            experiment.System.Eval();
            return experiment;
        }
        catch
        {
            experiment.Dispose();
            throw;
        }
    }

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

    private static void Export(VqaSystem system, Recipe recipe, RunFiles files, TrainingOutcome outcome)
    {
        system.Eval();
        new RunExport(system.Peft, system.Backbones.Text.Module, system.Backbones.Text.ConfigJson, system.Backbones.Vision, system.TrainableParameters)
        {
            AdapterPrefix = HubFolder.BackbonePrefix(recipe.Text.Model!),
        }.Write(recipe, files, outcome);
    }
}
