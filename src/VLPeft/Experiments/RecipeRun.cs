using VLPeft.Recipes;
using VLPeft.Training;

namespace VLPeft.Experiments;

/// <summary>A run of any task, where nobody needs to know which.</summary>
public static class RecipeRun
{
    /// <summary>Trains a recipe as <see cref="VqaRun.Train"/>, <see cref="CaptionRun.Train"/> or <see cref="MultitaskRun.Train"/> does.</summary>
    /// <exception cref="InvalidInputException">The folder holds a run of another recipe, or the recipe can't be put together.</exception>
    public static TrainingOutcome Train(Recipe recipe, string folder, IRunReporter reporter, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(recipe);
        return recipe.Task switch
        {
            RecipeTask.Captioning => CaptionRun.Train(recipe, folder, reporter, cancellation),
            RecipeTask.Multitask => MultitaskRun.Train(recipe, folder, reporter, cancellation),
            _ => VqaRun.Train(recipe, folder, reporter, cancellation),
        };
    }

    /// <summary>Scores a run on a split, and keeps scores and predictions in its folder.</summary>
    /// <exception cref="InvalidInputException">The folder is no run, or holds no weights yet.</exception>
    public static void Evaluate(string folder, Split split, IRunReporter reporter, CancellationToken cancellation = default)
    {
        var files = new RunFiles(folder);
        RecipeTask task = files.ReadRecipe().Task;
        if (task == RecipeTask.Multitask)
        {
            using MultitaskExperiment several = MultitaskRun.Open(folder, reporter, cancellation);
            MultitaskRun.Evaluate(several, files, split, cancellation: cancellation);
            return;
        }
        if (task == RecipeTask.Captioning)
        {
            using CaptionExperiment captions = CaptionRun.Open(folder, reporter, cancellation);
            CaptionRun.Evaluate(captions, files, split, cancellation: cancellation);
            return;
        }
        using VqaExperiment answers = VqaRun.Open(folder, reporter, cancellation);
        VqaRun.Evaluate(answers, files, split, cancellation);
    }

    /// <summary>Fills a recipe's feature cache for every split it has.</summary>
    /// <returns>How many pictures of each split are in the cache.</returns>
    /// <exception cref="InvalidInputException">The recipe keeps no features in a cache.</exception>
    public static IReadOnlyDictionary<string, int> ExtractFeatures(Recipe recipe, IRunReporter reporter, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(recipe);
        return recipe.Task switch
        {
            RecipeTask.Captioning => CaptionExperiment.ExtractFeatures(recipe, reporter, cancellation),
            RecipeTask.Multitask => MultitaskExperiment.ExtractFeatures(recipe, reporter, cancellation),
            _ => VqaExperiment.ExtractFeatures(recipe, reporter, cancellation),
        };
    }
}
