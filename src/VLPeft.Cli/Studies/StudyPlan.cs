using System.Globalization;
using VLPeft.Cli.Workers;
using VLPeft.Data;
using VLPeft.Experiments;
using VLPeft.Recipes;
using VLPeft.Studies;

namespace VLPeft.Cli.Studies;

/// <summary>One run of a study.</summary>
/// <param name="Variant">The variant's place.</param>
/// <param name="Rate">Its learning rate.</param>
/// <param name="Seed">Its seed.</param>
/// <param name="Recipe">The resolved recipe.</param>
/// <param name="Job">What a worker does to train it, without a test.</param>
internal sealed record StudyCell(int Variant, double Rate, long Seed, Recipe Recipe, Job Job)
{
    public RunFiles Files { get; } = new(Job.Output);

    public bool IsTrained => File.Exists(Files.Outcome);

    public bool IsTested => IsTrained && File.Exists(Files.Evaluation(Split.Test));

    /// <summary>The name of its folder: what its result depends on.</summary>
    public string Key => Path.GetFileName(Files.Folder);
}

/// <summary>The runs that a study needs, each in a folder that is named by what its result depends on.</summary>
internal sealed class StudyPlan
{
    private readonly StudyOptions _options;
    private readonly string _recipe;
    private readonly Dictionary<(int, double?, long), StudyCell> _cells = [];

    /// <exception cref="InvalidInputException">There is no such recipe, a variant's recipe is wrong, or the recipe's learning rate is not among those to try.</exception>
    public StudyPlan(Study study, StudyOptions options)
    {
        (Study, _options) = (study, options);
        Seeds = options.Seeds ?? study.Seeds;
        TuningSeeds = Math.Min(study.TuningSeeds, Seeds);
        _recipe = RecipeOf(study, options.File);
        Variants = study.Variants();
        StudyCell[] first = [.. Variants.Select((_, variant) => Cell(variant, null, 0))]; // every variant's recipe is checked before the first run
        if (study.LearningRates.Count > 0 && first.FirstOrDefault(cell => !study.LearningRates.Contains(cell.Rate)) is { } other)
            throw new InvalidInputException($"study '{options.File}': learning-rates: expected the recipe's own among them, "
                + $"{other.Rate.ToString(CultureInfo.InvariantCulture)} ('{Variants[other.Variant].Name}').");
        if (first.GroupBy(cell => cell.Key).FirstOrDefault(group => group.Count() > 1)?.ToArray() is [var one, var same, ..])
            throw new InvalidInputException($"study '{options.File}': '{Variants[one.Variant].Name}' and '{Variants[same.Variant].Name}' are the same recipe.");
    }

    public Study Study { get; }

    public IReadOnlyList<StudyVariant> Variants { get; }

    public int Seeds { get; }

    public int TuningSeeds { get; }

    /// <summary>The runs that choose a variant's learning rate; none when there is nothing to choose.</summary>
    public IEnumerable<StudyCell> Tuning(int variant) =>
        from rate in Study.LearningRates
        from seed in Enumerable.Range(0, TuningSeeds)
        select Cell(variant, rate, seed);

    /// <summary>The runs of a variant at a rate, or at its recipe's own.</summary>
    public IReadOnlyList<StudyCell> Runs(int variant, double? rate) => [.. Enumerable.Range(0, Seeds).Select(seed => Cell(variant, rate, seed))];

    public StudyCell Cell(int variant, double? rate, long seed) => _cells.TryGetValue((variant, rate, seed), out StudyCell? cell)
        ? cell
        : _cells[(variant, rate, seed)] = Make(variant, rate, seed);

    private StudyCell Make(int variant, double? rate, long seed)
    {
        string[] overrides =
        [
            .. Study.OverridesOf(Variants[variant], _options.Set), $"seed={seed}",
            .. rate is { } own ? [$"training.learning-rate={own.ToString("R", CultureInfo.InvariantCulture)}"] : Array.Empty<string>(),
        ];
        Recipe recipe = Load(overrides, variant);
        if (recipe.Data.Kind == DataKind.Scenes)
        {
            // Made where runs are, once for all studies that have the same scenes.
            string scenes = $"scenes-{DeterministicRandom.Mix(0, [.. recipe.Data.Scenes.ToString().Select(letter => (ulong)letter)]):x16}";
            overrides = [.. overrides, $"data.folder={Path.Combine(_options.Cells, "data", scenes)}", $"vision.cache={Path.Combine(_options.Cells, "features")}"];
        }
        string key = CellKey.Of(recipe with { Data = recipe.Data with { Folder = recipe.Data.Kind == DataKind.Scenes ? null : recipe.Data.Folder }, Vision = recipe.Vision with { Cache = null } });
        return new StudyCell(variant, recipe.Training.LearningRate, seed, Load(overrides, variant), new Job(_recipe, overrides, Path.Combine(_options.Cells, key), null));
    }

    private Recipe Load(string[] overrides, int variant)
    {
        try
        {
            return Recipe.Load(_recipe, overrides);
        }
        catch (InvalidInputException error)
        {
            throw new InvalidInputException($"study '{_options.File}', variant '{Variants[variant].Name}': {error.Message}", error);
        }
    }

    private static string RecipeOf(Study study, string file)
    {
        string beside = Path.GetFullPath(study.Base, Path.GetDirectoryName(Path.GetFullPath(file))!);
        return File.Exists(beside) ? beside : ShippedRecipes.Resolve(study.Base);
    }
}
