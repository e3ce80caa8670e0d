using System.Text.Json;
using VLPeft.Checkpoints;
using VLPeft.Evaluation.Captions;
using VLPeft.Recipes;
using VLPeft.Training;

namespace VLPeft.Experiments;

/// <summary>A run folder of captioning: trains a recipe into it, and captions pictures out of it.</summary>
public static class CaptionRun
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
            recipe, folder, reporter, files => CaptionExperiment.Prepare(recipe, files, reporter, cancellation),
            experiment =>
            {
                var task = new CaptionTask(recipe, experiment);
                CaptionTexts captions = experiment.Texts(Split.Train);
                reporter.Message($"training captions: {captions.Lengths.Length:N0}, {captions.Cut:N0} of them with {recipe.Text.MaxLength} tokens or more, "
                    + "which have no end");
                return task;
            },
            cancellation);

    /// <summary>Opens a finished (or interrupted) run with the weights that its recipe chooses.</summary>
    /// <exception cref="InvalidInputException">The folder is no run of this task, or holds no weights yet.</exception>
    public static CaptionExperiment Open(string folder, IRunReporter reporter, CancellationToken cancellation = default) =>
        ExperimentRun.Open(folder, RecipeTask.Captioning, (recipe, files) => CaptionExperiment.Prepare(recipe, files, reporter, cancellation));

    /// <summary>
    /// Captions a split by the recipe's generation settings, scores it, and keeps captions, scores and each picture's scores in the run folder.
    /// </summary>
    /// <param name="experiment">An opened run.</param>
    /// <param name="files">Its folder.</param>
    /// <param name="split">The split.</param>
    /// <param name="options">What to score beside BLEU, ROUGE-L and CIDEr.</param>
    /// <param name="progress">Told the share of the pictures that have their captions.</param>
    /// <param name="cancellation">Ends the work.</param>
    /// <returns>The scores.</returns>
    public static CaptionScores Evaluate(
        CaptionExperiment experiment, RunFiles files, Split split, CaptionScorerOptions? options = null, Action<double>? progress = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(experiment);
        ArgumentNullException.ThrowIfNull(files);
        CaptionExample[] said = experiment.Scorer.Caption(
            experiment.Data.Get(split), experiment.Pictures(split), experiment.Recipe.Generation, limit: 0, progress, cancellation);
        CaptionExample[] scored = [.. said.Where(one => one.References.Count > 0)];
        var scores = new CaptionScores(
            [.. said.Select(one => new CaptionPrediction(one.ImageId, one.Candidate))],
            scored.Length > 0 ? CaptionScorer.Score(scored, options) : null,
            scored.Length > 0 ? experiment.Scorer.MeanLoss(experiment.Texts(split), cancellation) : null);
        CaptionResultFile.Write(files.Predictions(split), scores.Predictions);
        if (scores.Report is { } report)
            CaptionScoreTable.Write(files.PerImage(split), report);
        AtomicFile.WriteText(
            files.Evaluation(split), JsonSerializer.Serialize(CaptionEvaluationReport.Of(split, scores, experiment.Recipe), Indented) + "\n");
        return scores;
    }
}
