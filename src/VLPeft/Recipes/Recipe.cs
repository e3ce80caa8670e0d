namespace VLPeft.Recipes;

/// <summary>
/// One experiment, completely described: what is trained on what, and how. Read from YAML by <see cref="Load"/>; every key has a default
/// that is written down here, unknown keys are errors, and the resolved recipe is saved with every run.
/// </summary>
public sealed record Recipe
{
    /// <summary>What the experiment is called in reports; the file's name when it is left out.</summary>
    public string Name { get; init; } = "";

    /// <summary>One line for <c>vlpeft recipes list</c>.</summary>
    public string Description { get; init; } = "";

    /// <summary>The task: <c>vqa</c>, <c>captioning</c> or <c>multitask</c>.</summary>
    public RecipeTask Task { get; init; } = RecipeTask.Vqa;

    /// <summary>Seeds initialisation, shuffling and dropout; 0 or more.</summary>
    public long Seed { get; init; }

    /// <summary>Pictures with questions and answers, or with captions.</summary>
    public DataSection Data { get; init; } = new();

    /// <summary>Where image features come from.</summary>
    public VisionSection Vision { get; init; } = new();

    /// <summary>The language model and how it reads questions or captions.</summary>
    public TextSection Text { get; init; } = new();

    /// <summary>x_R: which feature routes, and how it gets the hidden states' width.</summary>
    public RoutingFeatureSection RoutingFeature { get; init; } = new();

    /// <summary>What is attached to the frozen language model.</summary>
    public PeftSection Peft { get; init; } = new();

    /// <summary>The classifier of question answering.</summary>
    public HeadSection Head { get; init; } = new();

    /// <summary>How captions are learnt and validated.</summary>
    public CaptionSection Caption { get; init; } = new();

    /// <summary>How captions are decoded in testing.</summary>
    public GenerationSection Generation { get; init; } = new();

    /// <summary>The tasks of an encoder-decoder.</summary>
    public MultitaskSection Multitask { get; init; } = new();

    /// <summary>The training run.</summary>
    public TrainingSection Training { get; init; } = new();

    /// <summary>Reads a recipe file with what it extends and the overrides (<c>training.batch-size=32</c>), and checks it.</summary>
    /// <exception cref="InvalidInputException">
    /// A file is missing, no YAML, has an unknown key or a value of the wrong type or range; names file, line and key.
    /// </exception>
    public static Recipe Load(string path, params IEnumerable<string> overrides) =>
        Finish(RecipeTree.Load(path, overrides), Path.GetFileNameWithoutExtension(path));

    /// <summary>Reads a recipe from text; <paramref name="path"/> is what errors name and what relative paths are relative to.</summary>
    /// <exception cref="InvalidInputException">As for <see cref="Load"/>.</exception>
    public static Recipe Parse(string yaml, string path, params IEnumerable<string> overrides) =>
        Finish(RecipeTree.Parse(yaml, path, overrides), Path.GetFileNameWithoutExtension(path));

    /// <summary>The recipe as YAML with every value spelled out; it loads again to an equal recipe.</summary>
    public string ToYaml() => RecipeWriter.Write(this);

    /// <summary>Every value as text by its dotted key, as <c>training.batch-size</c>, in the order of <see cref="ToYaml"/>.</summary>
    public IReadOnlyDictionary<string, string> Values() => RecipeWriter.Flat(this);

    /// <summary>Checks ranges and combinations.</summary>
    /// <exception cref="InvalidInputException">A value is out of range, or two don't go together; names the keys.</exception>
    public void Validate()
    {
        Check.That(Seed >= 0, "seed", "0 or more", Seed);
        if (Task != RecipeTask.Multitask || Multitask.Tasks.Any(task => task.Data is null))
            Data.Validate();
        Vision.Validate();
        Text.Validate();
        RoutingFeature.Validate();
        Peft.Validate();
        Head.Validate();
        Caption.Validate();
        Generation.Validate();
        Multitask.Validate();
        Training.Validate();
        TaskCombinations.Validate(this);
        RecipeCombinations.Validate(this);
    }

    private static Recipe Finish(RecipeTree tree, string name)
    {
        var recipe = new RecipeBinder(tree).Bind<Recipe>();
        if (recipe.Name.Length == 0)
            recipe = recipe with { Name = name };
        try
        {
            recipe.Validate();
        }
        catch (InvalidInputException error)
        {
            throw new InvalidInputException($"recipe '{recipe.Name}': {error.Message}", error);
        }
        return recipe;
    }
}

/// <summary>What a recipe trains.</summary>
public enum RecipeTask
{
    /// <summary>Visual question answering as classification over an answer vocabulary (method.md §4).</summary>
    Vqa,

    /// <summary>Captions by a decoder (method.md §5).</summary>
    Captioning,

    /// <summary>Question answering, statements about two pictures and captions as text, by one encoder-decoder (method.md §6).</summary>
    Multitask,
}
