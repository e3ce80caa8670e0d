using System.Text.Json;
using VLPeft.Checkpoints;
using VLPeft.Recipes;
using VLPeft.Training;

namespace VLPeft.Experiments;

/// <summary>A run folder of several tasks: trains a recipe into it, and answers all kinds of requests out of it.</summary>
public static class MultitaskRun
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
            recipe, folder, reporter, _ => MultitaskExperiment.Prepare(recipe, reporter, cancellation),
            experiment =>
            {
                var task = new MultitaskTask(recipe, experiment);
                reporter.Message($"training rows: {task.Sizes}");
                return task;
            },
            cancellation);

    /// <summary>Opens a finished (or interrupted) run with the weights that its recipe chooses.</summary>
    /// <exception cref="InvalidInputException">The folder is no run of this task, or holds no weights yet.</exception>
    public static MultitaskExperiment Open(string folder, IRunReporter reporter, CancellationToken cancellation = default) =>
        ExperimentRun.Open(folder, RecipeTask.Multitask, (recipe, _) => MultitaskExperiment.Prepare(recipe, reporter, cancellation));

    /// <summary>Answers a split of every task that has it, scores each by its own measures, and keeps answers and scores in the run folder.</summary>
    /// <param name="experiment">An opened run.</param>
    /// <param name="files">Its folder.</param>
    /// <param name="split">The split.</param>
    /// <param name="progress">Told the share done.</param>
    /// <param name="cancellation">Ends the work.</param>
    /// <exception cref="InvalidInputException">No task has the split.</exception>
    public static MultitaskEvaluationReport Evaluate(
        MultitaskExperiment experiment, RunFiles files, Split split, Action<double>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(experiment);
        ArgumentNullException.ThrowIfNull(files);
        TaskInstance[] tasks = [.. experiment.Tasks.Where(task => task.Data.Has(split))];
        if (tasks.Length == 0)
            throw new InvalidInputException($"none of the run's tasks has a {RunFiles.Name(split)} split.");
        var evaluations = new OrderedDictionary<string, TaskEvaluation>();
        foreach ((int i, TaskInstance task) in tasks.Index())
            evaluations[TextTasks.Name(task.Kind)] = Evaluate(experiment, task, files, split, share => progress?.Invoke((i + share) / tasks.Length), cancellation);
        TaskEvaluation[] scored = [.. evaluations.Values.Where(one => one.Score is not null)];
        var report = new MultitaskEvaluationReport(
            RunFiles.Name(split), RecipeNames.Kebab(experiment.Recipe.Training.Evaluate.ToString()),
            scored.Length == 0 ? null : scored.Average(one => one.Score!.Value), scored.Length == 0 ? null : scored.Average(one => one.Loss!.Value), evaluations);
        AtomicFile.WriteText(files.Evaluation(split), JsonSerializer.Serialize(report, Indented) + "\n");
        return report;
    }

    private static TaskEvaluation Evaluate(
        MultitaskExperiment experiment, TaskInstance task, RunFiles files, Split split, Action<double> progress, CancellationToken cancellation)
    {
        MultitaskMeasure measure = experiment.Measure;
        string[] said = measure.Say(
            task.Requests(split), measure.OptionsOf(task.Kind, greedy: false), limit: 0, measure.BatchOf(task.Kind), progress, cancellation);
        task.Data.Write(files.Predictions(split, TextTasks.Name(task.Kind)), split, said);
        return task.Data.Score(split, said, thorough: true) is { } score
            ? new TaskEvaluation(said.Length, score.Score, score.Metrics, measure.MeanLoss(task.Rows(split), limit: 0, cancellation))
            : new TaskEvaluation(said.Length, null, null, null);
    }
}
