namespace VLPeft.Data.Scenes;

/// <summary>The files of one split.</summary>
/// <param name="Questions">VQAv2's questions file.</param>
/// <param name="Annotations">VQAv2's annotations file.</param>
/// <param name="Captions">COCO's captions file.</param>
/// <param name="Images">The folder of pictures; each is its id in 12 digits and ".png".</param>
public sealed record SceneSplitPaths(string Questions, string Annotations, string Captions, string Images)
{
    /// <summary>Compositional questions in GQA's format.</summary>
    public string Gqa => Beside("gqa.json");

    /// <summary>Statements about two pictures in VL-T5's format of NLVR2.</summary>
    public string Nlvr => Beside("nlvr.json");

    private string Beside(string name) => Path.Combine(Path.GetDirectoryName(Questions)!, name);
}

/// <summary>What a split holds.</summary>
/// <param name="Images">Pictures.</param>
/// <param name="Questions">Questions, all with annotations.</param>
/// <param name="Captions">Captions.</param>
/// <param name="Bytes">The size of all its files together.</param>
public sealed record SceneSplitCounts(int Images, int Questions, int Captions, long Bytes)
{
    /// <summary>Compositional questions.</summary>
    public int Compositions { get; init; }

    /// <summary>Pairs of pictures with a statement.</summary>
    public int Pairs { get; init; }
}

/// <summary>A data set in a folder.</summary>
/// <param name="Splits">What is there.</param>
/// <param name="Reused">True when it was there already.</param>
public sealed record SceneDatasetSummary(IReadOnlyDictionary<SceneSplit, SceneSplitCounts> Splits, bool Reused);

/// <summary>
/// The procedural benchmark as files: train/, validation/ and test/, each with questions.json, annotations.json (VQAv2's formats),
/// captions.json (COCO's format), gqa.json (GQA's), nlvr.json (VL-T5's form of NLVR2's, over the same pictures) and images/; scenes.json (what each picture shows); dataset.json (options, counts), written last.
/// </summary>
public static class SceneDataset
{
    /// <summary>The name of a split's folder.</summary>
    public static string NameOf(SceneSplit split) => split switch
    {
        SceneSplit.Train => "train",
        SceneSplit.Validation => "validation",
        SceneSplit.Test => "test",
        _ => throw new ArgumentOutOfRangeException(nameof(split), split, "This is no split."),
    };

    /// <summary>Where the files of a split are in a data set's folder.</summary>
    public static SceneSplitPaths PathsOf(string folder, SceneSplit split)
    {
        string root = Path.Combine(folder, NameOf(split));
        return new SceneSplitPaths(Path.Combine(root, "questions.json"), Path.Combine(root, "annotations.json"),
            Path.Combine(root, "captions.json"), Path.Combine(root, "images"));
    }

    /// <summary>
    /// Makes the data set in <paramref name="folder"/>, or leaves it as it is when it is there whole, made from the same options. What a
    /// call that was killed left behind is made anew. A second process that wants the same data set meanwhile waits for the first.
    /// </summary>
    /// <param name="options">What to make.</param>
    /// <param name="folder">A folder that is empty, doesn't exist, or holds this data set.</param>
    /// <exception cref="InvalidInputException">
    /// An option is out of range, or the folder holds something else: other files, or a data set of other options.
    /// </exception>
    public static SceneDatasetSummary EnsureGenerated(SceneOptions options, string folder)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentException.ThrowIfNullOrEmpty(folder);
        options.Validate();
        var home = new SceneFolder(Path.GetFullPath(folder), options);
        if (home.FindFinished() is { } found)
            return Summarize(found, reused: true);
        using FileStream claim = home.Claim();
        SceneManifest? madeMeanwhile = home.FindFinished();
        SceneManifest manifest = madeMeanwhile ?? home.Make();
        home.Release();
        return Summarize(manifest, reused: madeMeanwhile is not null);
    }

    private static SceneDatasetSummary Summarize(SceneManifest manifest, bool reused) =>
        new(Enum.GetValues<SceneSplit>().ToDictionary(split => split, split => manifest.Splits[NameOf(split)]), reused);
}
