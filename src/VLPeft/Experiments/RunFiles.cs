namespace VLPeft.Experiments;

/// <summary>The files of a run folder that make a run whole beside the trainer's own (<see cref="Training.RunFolder"/>).</summary>
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
    /// "roberta." for a RobertaForMaskedLM, with "encoder." for a RobertaModel.
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

    /// <summary>Answers to a split, in VQA's result format.</summary>
    public string Predictions(Split split) => In($"predictions-{Name(split)}.json");

    /// <summary>A split as people write it.</summary>
    public static string Name(Split split) => split.ToString().ToLowerInvariant();

    private string In(string name) => Path.Combine(Folder, name);
}
