using VLPeft.Recipes;

namespace VLPeft.Studies;

/// <summary>
/// A grid of runs that answers one question: a base recipe, axes along which it is changed, seeds, and what is compared with what. Read from
/// YAML by <see cref="Load"/>; unknown keys are errors.
/// </summary>
public sealed record Study
{
    /// <summary>The heading of its report; the file's name when it is left out.</summary>
    public string Title { get; init; } = "";

    /// <summary>What is asked, in a sentence or two.</summary>
    public string Question { get; init; } = "";

    /// <summary>The recipe that all runs start from: a file, relative to the study's, or the name of a shipped recipe.</summary>
    public string Base { get; init; } = "";

    /// <summary>Overrides of every run, as <c>training.steps=300</c>.</summary>
    public IReadOnlyList<string> Set { get; init; } = [];

    /// <summary>What is varied; every combination is a variant.</summary>
    public IReadOnlyList<StudyAxis> Axes { get; init; } = [];

    /// <summary>The axis whose first value the others are compared with, all other axes being equal; the first axis when it is left out.</summary>
    public string? Compare { get; init; }

    /// <summary>Runs of each variant: seeds 0 … n − 1.</summary>
    public int Seeds { get; init; } = 3;

    /// <summary>
    /// Learning rates of which each variant takes the one that is best on validation data; the recipe's alone when it is left out. The recipe's
    /// must be among them: it is the rate that all variants have in common.
    /// </summary>
    public IReadOnlyList<double> LearningRates { get; init; } = [];

    /// <summary>How many seeds are trained at every rate to choose it, from seed 0 on.</summary>
    public int TuningSeeds { get; init; } = 1;

    /// <summary>The study's file.</summary>
    internal string Path { get; init; } = "";

    /// <summary>Reads a study and checks it.</summary>
    /// <exception cref="InvalidInputException">No file, no YAML, an unknown key, or a value of the wrong type or range; names file and key.</exception>
    public static Study Load(string path)
    {
        RecipeTree tree = RecipeTree.Load(path, []);
        Study study = new RecipeBinder(tree).Bind<Study>() with { Path = System.IO.Path.GetFullPath(path) };
        if (study.Title.Length == 0)
            study = study with { Title = System.IO.Path.GetFileNameWithoutExtension(path) };
        try
        {
            study.Validate();
        }
        catch (InvalidInputException error)
        {
            throw new InvalidInputException($"study '{path}': {error.Message}", error);
        }
        return study;
    }

    /// <summary>Every combination of the axes' values, the first axis changing slowest.</summary>
    public IReadOnlyList<StudyVariant> Variants()
    {
        IEnumerable<StudyVariant> variants = [new StudyVariant([], [])];
        foreach (StudyAxis axis in Axes)
            variants = [.. variants.SelectMany(variant => axis.All(), (variant, one) => variant.With(axis.Name, one))];
        return [.. variants];
    }

    /// <summary>
    /// The overrides that make a variant of the base recipe: the study's, then others, then the variant's own. Relative files and folders in the study
    /// are relative to its file; in the others they are left as they are.
    /// </summary>
    /// <exception cref="InvalidInputException">A file or folder is no text, or needs an environment variable that is not set.</exception>
    public IReadOnlyList<string> OverridesOf(StudyVariant variant, IEnumerable<string> others)
    {
        ArgumentNullException.ThrowIfNull(variant);
        return [.. Set.Select(Absolute), .. others, .. variant.Set.Select(Absolute)];

        string Absolute(string assignment) => PathOverrides.Absolute(assignment, Path);
    }

    /// <summary>The variant that another is compared with: the same, but for the first value of the compared axis.</summary>
    /// <returns>Its place in <see cref="Variants"/>; the variant's own when it is one that others are compared with.</returns>
    public int ReferenceOf(StudyVariant variant)
    {
        ArgumentNullException.ThrowIfNull(variant);
        string axis = ComparedAxis;
        string first = Axes.First(one => one.Name == axis).All()[0].Name;
        IReadOnlyList<StudyVariant> all = Variants();
        return Enumerable.Range(0, all.Count).First(index => all[index].Values.All(one =>
            one.Value == (one.Axis == axis ? first : variant.Values.First(own => own.Axis == one.Axis).Value)));
    }

    /// <summary>The axis that is compared along.</summary>
    public string ComparedAxis => Compare ?? Axes[0].Name;

    private void Validate()
    {
        Check.That(Base.Length > 0, "base", "a recipe", null);
        Check.That(Axes.Count > 0, "axes", "at least one", "none");
        foreach (StudyAxis axis in Axes)
            axis.Validate();
        Check.That(Axes.Select(axis => axis.Name).Distinct().Count() == Axes.Count, "axes", "a name of its own for each", string.Join(", ", Axes.Select(axis => axis.Name)));
        Check.That(Compare is null || Axes.Any(axis => axis.Name == Compare), "compare", $"one of the axes {string.Join(", ", Axes.Select(axis => axis.Name))}", Compare);
        Check.That(Seeds is >= 1 and <= 1000, "seeds", "1 to 1,000", Seeds);
        Check.That(TuningSeeds >= 1 && TuningSeeds <= Seeds, "tuning-seeds", $"1 to seeds ({Seeds})", TuningSeeds);
        Check.That(LearningRates.All(rate => rate > 0) && LearningRates.Distinct().Count() == LearningRates.Count, "learning-rates", "different numbers above 0",
            string.Join(", ", LearningRates));
    }
}
