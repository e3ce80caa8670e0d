using VLPeft.Experiments;
using VLPeft.Recipes;
using VLPeft.Studies;

namespace VLPeft.Cli.Reports.Runs;

/// <summary>What a report says about the runs of a task, read from their folders.</summary>
internal interface IReportedTask
{
    /// <summary>The metric's name inside a sentence.</summary>
    string MetricName { get; }

    /// <summary>The scores' unit, as "%"; empty when they have none.</summary>
    string Unit { get; }

    /// <summary>What a run's further scores are grouped by.</summary>
    string GroupName { get; }

    /// <summary>Decimals of a score.</summary>
    int Decimals { get; }

    /// <summary>The validation's name of the metric.</summary>
    string ValidationMetric { get; }

    /// <summary>A run's final scores on a split, and its learning curve.</summary>
    /// <exception cref="InvalidInputException">The run was not evaluated on the split, or the split has nothing to score by.</exception>
    SeedResult Result(RunFiles files, Recipe recipe, Split split);

    /// <summary>The score of each test item, by picture.</summary>
    /// <exception cref="InvalidInputException">The run was not evaluated on the split, or data that its recipe names are missing.</exception>
    ItemScores Items(RunFiles files, Recipe recipe, Split split);

    /// <summary>Pictures of the split, evenly spread over it, with what each run said; none when the pictures' files are not named.</summary>
    /// <exception cref="InvalidInputException">Data that the recipe names are missing.</exception>
    IReadOnlyList<PictureExample> Examples(IReadOnlyList<(string Variant, RunFiles Files)> runs, Split split, int pictures);
}

/// <summary>The tasks that can be reported.</summary>
internal static class ReportedTasks
{
    public static IReportedTask Of(RecipeTask task) => task switch
    {
        RecipeTask.Vqa => new VqaReportedTask(),
        RecipeTask.Captioning => new CaptionReportedTask(),
        RecipeTask.Multitask => new MultitaskReportedTask(),
        _ => throw new ArgumentOutOfRangeException(nameof(task)),
    };
}
