using VLPeft.Recipes;
using VLPeft.Training;

namespace VLPeft.Experiments;

/// <summary>A run of any task, where nobody needs to know which.</summary>
public static class RecipeRun
{
    /// <summary>Trains a recipe as <see cref="VqaRun.Train"/> or <see cref="CaptionRun.Train"/> does.</summary>
    /// <exception cref="InvalidInputException">The folder holds a run of another recipe, or the recipe can't be put together.</exception>
    public static TrainingOutcome Train(Recipe recipe, string folder, IRunReporter reporter, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(recipe);
        return recipe.Task == RecipeTask.Captioning
            ? CaptionRun.Train(recipe, folder, reporter, cancellation)
            : VqaRun.Train(recipe, folder, reporter, cancellation);
    }

    /// <summary>Scores a run on a split, and keeps scores and predictions in its folder.</summary>
    /// <exception cref="InvalidInputException">The folder is no run, or holds no weights yet.</exception>
    public static void Evaluate(string folder, Split split, IRunReporter reporter, CancellationToken cancellation = default)
    {
        var files = new RunFiles(folder);
        if (files.ReadRecipe().Task == RecipeTask.Captioning)
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
        return recipe.Task == RecipeTask.Captioning
            ? CaptionExperiment.ExtractFeatures(recipe, reporter, cancellation)
            : VqaExperiment.ExtractFeatures(recipe, reporter, cancellation);
    }
}
