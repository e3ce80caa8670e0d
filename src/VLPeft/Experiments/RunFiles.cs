using VLPeft.Checkpoints;
using VLPeft.Recipes;
using VLPeft.Training;

namespace VLPeft.Experiments;

/// <summary>The files of a run folder that make a run whole beside the trainer's own (<see cref="RunFolder"/>).</summary>
/// <param name="folder">The run folder.</param>
public sealed class RunFiles(string folder)
{
    /// <summary>The folder's full path.</summary>
    public string Folder { get; } = Path.GetFullPath(folder);

    /// <summary>The resolved recipe.</summary>
    public string Recipe => In("recipe.yaml");

    /// <summary>The answers a model can give, by index.</summary>
    public string Answers => In("answers.json");

    /// <summary>A tokenizer made of the training questions; absent when the model's own is used.</summary>
    public string Tokenizer => Path.Combine(In("tokenizer"), "tokenizer.json");

    /// <summary>The fitted projection; absent without one.</summary>
    public string Projection => In("projection.safetensors");

    /// <summary>What is matched, routed and trained, as text.</summary>
    public string Audit => In("audit.txt");

    /// <summary>
    /// The bottlenecks in Hugging Face PEFT's layout, for the architecture that the language model's config.json names: names begin with
    /// "roberta." for a RobertaForMaskedLM, with "encoder." for a RobertaModel, with
    /// "transformer." for a GPT2LMHeadModel.
    /// </summary>
    public string Adapter => In("adapter");

    /// <summary>A vision encoder that trained, as a Hugging Face folder.</summary>
    public string Vision => In("vision");

    /// <summary>A language model that trained, as a Hugging Face folder.</summary>
    public string Text => In("text");

    /// <summary>Written last: how the run ended.</summary>
    public string Outcome => In("outcome.json");

    /// <summary>Scores on a split.</summary>
    public string Evaluation(Split split) => In($"evaluation-{Name(split)}.json");

    /// <summary>Answers to a split in VQA's result format, or captions in COCO's.</summary>
    public string Predictions(Split split) => In($"predictions-{Name(split)}.json");

    /// <summary>Answers to a split of one of several tasks, in the form that its own evaluation reads.</summary>
    public string Predictions(Split split, string task) => In($"predictions-{Name(split)}-{task}.json");

    /// <summary>The scores of each picture's caption, as CSV.</summary>
    public string PerImage(Split split) => In($"per-image-{Name(split)}.csv");

    /// <summary>A split as people write it.</summary>
    public static string Name(Split split) => split.ToString().ToLowerInvariant();

    /// <summary>Reads the recipe that the run was made by.</summary>
    /// <exception cref="InvalidInputException">The folder is no run.</exception>
    public Recipe ReadRecipe() => File.Exists(Recipe) ? Recipes.Recipe.Load(Recipe)
        : throw new InvalidInputException($"'{Folder}' is no run folder: it has no recipe.yaml; `vlpeft train RECIPE --output FOLDER` makes one.");

    /// <summary>Reads the recipe of a run of some task.</summary>
    /// <exception cref="InvalidInputException">The folder is no run, or one of another task.</exception>
    internal Recipe ReadRecipe(RecipeTask task)
    {
        Recipe recipe = ReadRecipe();
        return recipe.Task == task ? recipe : throw new InvalidInputException(
            $"'{Folder}' is a run of the task {RecipeNames.Kebab(recipe.Task.ToString())}; expected one of {RecipeNames.Kebab(task.ToString())}.");
    }

    /// <summary>Writes the recipe into a new run folder, or makes sure that the folder's run has the same.</summary>
    /// <exception cref="InvalidInputException">The folder holds a run of another recipe, or is a file.</exception>
    internal void Claim(Recipe recipe)
    {
        if (File.Exists(Folder))
            throw new InvalidInputException($"run folder '{Folder}': expected a folder, or a name that is free, but it is a file.");
        string yaml = recipe.ToYaml();
        if (!File.Exists(Recipe))
            AtomicFile.WriteText(Recipe, yaml);
        else if (File.ReadAllText(Recipe) is var there && there != yaml)
            throw new InvalidInputException($"run folder '{Folder}' holds a run of another recipe (recipe.yaml: {FirstDifference(there, yaml)}); "
                + "go on with that one, or name another folder.");
    }

    /// <summary>The file of the weights that the recipe chooses.</summary>
    /// <exception cref="InvalidInputException">It is not there yet.</exception>
    internal string WeightsOf(Recipe recipe)
    {
        var folder = new RunFolder(Folder);
        string path = RunOptions.MetricOf(recipe.Training.Evaluate) is { } metric ? folder.Best(metric) : folder.Checkpoint;
        return File.Exists(path) ? path
            : throw new InvalidInputException($"run folder '{Folder}' has no {Path.GetFileName(path)} (training.evaluate: {recipe.Training.Evaluate}): the run has not got so far; `vlpeft train` goes on with it.");
    }

    private static string FirstDifference(string there, string here)
    {
        string[] theirs = there.Split('\n', StringSplitOptions.TrimEntries), ours = here.Split('\n', StringSplitOptions.TrimEntries);
        int at = theirs.Zip(ours).TakeWhile(lines => lines.First == lines.Second).Count();
        string Shown(string[] lines) => at < lines.Length && lines[at].Length > 0 ? $"'{lines[at]}'" : "nothing";
        return $"line {at + 1} is {Shown(theirs)} there and {Shown(ours)} here";
    }

    private string In(string name) => Path.Combine(Folder, name);
}
