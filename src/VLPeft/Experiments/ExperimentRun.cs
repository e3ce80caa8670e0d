using TorchSharp.Modules;
using VLPeft.Checkpoints;
using VLPeft.Recipes;
using VLPeft.Training;

namespace VLPeft.Experiments;

/// <summary>A recipe put to work, as its run folder sees it.</summary>
internal interface IExperiment : IDisposable
{
    IRecipeSystem System { get; }

    string Audit();
}

/// <summary>A recipe's complete model, as its run folder sees it.</summary>
internal interface IRecipeSystem
{
    IReadOnlyList<(string Name, Parameter Parameter)> TrainableParameters { get; }

    void Eval();

    /// <summary>What others can use of it.</summary>
    RunExport Export(Recipe recipe);
}

/// <summary>What the run folders of all tasks do alike.</summary>
internal static class ExperimentRun
{
    /// <summary>Trains a recipe, or goes on where the folder's run was interrupted; a finished run is left as it is.</summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="folder">The run folder.</param>
    /// <param name="reporter">Is told how it goes.</param>
    /// <param name="prepare">Puts the recipe together.</param>
    /// <param name="begin">Makes what the trainer sees of it, and tells the reporter how much there is to learn.</param>
    /// <param name="cancellation">Ends the run after the current step, with a checkpoint.</param>
    public static TrainingOutcome Train<TExperiment, TBatch>(
        Recipe recipe, string folder, IRunReporter reporter, Func<RunFiles, TExperiment> prepare, Func<TExperiment, ITrainingTask<TBatch>> begin,
        CancellationToken cancellation)
        where TExperiment : IExperiment
    {
        ArgumentNullException.ThrowIfNull(recipe);
        ArgumentNullException.ThrowIfNull(reporter);
        var files = new RunFiles(folder);
        files.Claim(recipe);
        using TExperiment experiment = prepare(files);
        string audit = experiment.Audit();
        AtomicFile.WriteText(files.Audit, audit);
        reporter.Message(audit.TrimEnd());
        TrainingOutcome outcome = Trainer.Run(begin(experiment), RunOptions.Of(recipe), new RunFolder(files.Folder), reporter, cancellation);
        if (outcome.Status == TrainingStatus.Interrupted)
            return outcome;
        experiment.System.Eval();
        experiment.System.Export(recipe).Write(recipe, files, outcome);
        return outcome;
    }

    /// <summary>Opens a run of a task with the weights that its recipe chooses, in evaluation mode.</summary>
    public static TExperiment Open<TExperiment>(string folder, RecipeTask task, Func<Recipe, RunFiles, TExperiment> prepare)
        where TExperiment : IExperiment
    {
        var files = new RunFiles(folder);
        Recipe recipe = files.ReadRecipe(task);
        TExperiment experiment = prepare(recipe, files);
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
}
