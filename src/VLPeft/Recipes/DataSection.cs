namespace VLPeft.Recipes;

/// <summary>How a data set is laid out on disk.</summary>
public enum DataKind
{
    /// <summary>VQAv2's questions and annotations files, and whatever has their format.</summary>
    Vqav2,

    /// <summary>easy-VQA's own layout.</summary>
    EasyVqa,

    /// <summary>The procedural benchmark: VQAv2's and COCO's formats, made when it is not there.</summary>
    Scenes,

    /// <summary>COCO's caption files, one a split, and whatever has their format.</summary>
    CocoCaptions,

    /// <summary>Karpathy's file of captions with their splits (dataset_coco.json, dataset_flickr30k.json).</summary>
    Karpathy,

    /// <summary>Flickr8k's and Flickr30k's token file, with lists of each split's pictures.</summary>
    Flickr,

    /// <summary>GQA's questions, one file a split, or VL-T5's lists of them.</summary>
    Gqa,

    /// <summary>NLVR2's statements, one file a split, or VL-T5's lists of them.</summary>
    Nlvr2,
}

/// <summary>Pictures with questions and answers, or with captions.</summary>
public sealed record DataSection
{
    /// <summary><c>vqav2</c>, <c>easy-vqa</c>; <c>coco-captions</c>, <c>karpathy</c>, <c>flickr</c>; <c>gqa</c>; <c>nlvr2</c>; or <c>scenes</c>, for all tasks.</summary>
    public DataKind Kind { get; init; } = DataKind.Vqav2;

    /// <summary>For easy-vqa and scenes: the data set's folder.</summary>
    [RecipePath]
    public string? Folder { get; init; }

    /// <summary>The training split (vqav2, gqa, nlvr2, coco-captions, flickr).</summary>
    public SplitSection Train { get; init; } = new();

    /// <summary>The split that chooses checkpoints and hyper-parameters (vqav2, gqa, nlvr2, coco-captions, flickr).</summary>
    public SplitSection Validation { get; init; } = new();

    /// <summary>The test split (vqav2, gqa, nlvr2, coco-captions, flickr); optional.</summary>
    public SplitSection Test { get; init; } = new();

    /// <summary>
    /// When a data set has no validation split: this share of the training pictures, drawn by the seed 0, is kept for it. 0 ≤ x &lt; 1.
    /// </summary>
    public double ValidationFraction { get; init; } = 0.1;

    /// <summary>Karpathy's split file (dataset_coco.json); training and validation questions are then divided by it.</summary>
    [RecipePath]
    public string? KarpathySplit { get; init; }

    /// <summary>All splits' captions in one file (karpathy, flickr).</summary>
    [RecipePath]
    public string? Captions { get; init; }

    /// <summary>Folders with pictures, named as the captions' file has them or in COCO naming.</summary>
    [RecipePath]
    public IReadOnlyList<string> Images { get; init; } = [];

    /// <summary>A JSON file {image id: file} instead.</summary>
    [RecipePath]
    public string? ImageMap { get; init; }

    /// <summary>An answer vocabulary, one a line or as JSON; built from the training answers when it is left out.</summary>
    [RecipePath]
    public string? Answers { get; init; }

    /// <summary>When the vocabulary is built: answers given to at least this many training questions; 9 makes VQAv2's 3,129.</summary>
    public int MinimumAnswerCount { get; init; } = 9;

    /// <summary>A control: every picture is replaced by another one, in training and in evaluation.</summary>
    public bool ShuffleImages { get; init; }

    /// <summary>Use only so many training questions, or pictures with captions, drawn by the recipe's seed; 0 for all.</summary>
    public int LimitTrain { get; init; }

    /// <summary>How often an epoch has each training question, by the type of its answer.</summary>
    public RepeatSection Repeat { get; init; } = new();

    /// <summary>How the scenes are made (scenes).</summary>
    public ScenesSection Scenes { get; init; } = new();

    internal void Validate()
    {
        switch (Kind)
        {
            case DataKind.Vqav2:
                Check.That(Train.Questions is not null, "data.train.questions", "the training split's questions file", Train.Questions);
                Check.That(Train.Annotations is not null, "data.train.annotations", "the training split's annotations file", Train.Annotations);
                break;
            case DataKind.Gqa or DataKind.Nlvr2:
                Check.That(Train.Questions is not null, "data.train.questions", "the training split's file", Train.Questions);
                break;
            case DataKind.CocoCaptions:
                Check.That(Train.Captions is not null, "data.train.captions", "the training split's captions file", Train.Captions);
                break;
            case DataKind.Karpathy or DataKind.Flickr:
                Check.That(Captions is not null, "data.captions", "the file of all captions", Captions);
                Check.That(Kind == DataKind.Karpathy || Train.Pictures is not null, "data.train.pictures", "the list of the training pictures", Train.Pictures);
                break;
            default:
                Check.That(Folder is not null, "data.folder", "the data set's folder", Folder);
                break;
        }
        Check.That(Images.Count == 0 || ImageMap is null, "data.images and data.image-map", "one of the two", "both");
        Scenes.Validate();
        Repeat.Validate();
        Check.That(ValidationFraction is >= 0 and < 1, "data.validation-fraction", "0 ≤ x < 1", ValidationFraction);
        Check.That(MinimumAnswerCount >= 1, "data.minimum-answer-count", "1 or more", MinimumAnswerCount);
        Check.That(LimitTrain >= 0, "data.limit-train", "0 or more", LimitTrain);
    }
}

/// <summary>The files of one split.</summary>
public sealed record SplitSection
{
    /// <summary>The questions file (vqav2, gqa), or the file of statements (nlvr2).</summary>
    [RecipePath]
    public string? Questions { get; init; }

    /// <summary>The annotations file (vqav2); a test split may have none.</summary>
    [RecipePath]
    public string? Annotations { get; init; }

    /// <summary>The captions file (coco-captions).</summary>
    [RecipePath]
    public string? Captions { get; init; }

    /// <summary>The list of the split's picture files, one a line (flickr).</summary>
    [RecipePath]
    public string? Pictures { get; init; }
}

/// <summary>
/// Repeats in an epoch, at least 1. Questions with few answers outnumber the others in many data sets, and a picture encoder that starts
/// at random may not learn from the others what they alone ask for.
/// </summary>
public sealed record RepeatSection
{
    /// <summary>Questions answered by yes or no.</summary>
    public int YesNo { get; init; } = 1;

    /// <summary>Questions answered by a number.</summary>
    public int Number { get; init; } = 1;

    /// <summary>All others.</summary>
    public int Other { get; init; } = 1;

    /// <summary>The repeats of an answer type as the data set names it.</summary>
    internal int Of(string answerType) => answerType switch { "yes/no" => YesNo, "number" => Number, _ => Other };

    internal void Validate()
    {
        foreach ((string key, int repeats) in new[] { ("yes-no", YesNo), ("number", Number), ("other", Other) })
            Check.That(repeats is >= 1 and <= 100, $"data.repeat.{key}", "1 to 100", repeats);
    }
}

/// <summary>The procedural scenes (docs/embedded-benchmark.md).</summary>
public sealed record ScenesSection
{
    /// <summary>Seeds the scenes; the same seed makes the same bytes anywhere.</summary>
    public long Seed { get; init; } = 1;

    /// <summary>Training pictures.</summary>
    public int TrainImages { get; init; } = 4000;

    /// <summary>Validation pictures.</summary>
    public int ValidationImages { get; init; } = 500;

    /// <summary>Test pictures.</summary>
    public int TestImages { get; init; } = 1000;

    /// <summary>Questions a picture.</summary>
    public int QuestionsPerImage { get; init; } = 6;

    internal void Validate()
    {
        Check.That(Seed >= 0, "data.scenes.seed", "0 or more", Seed);
        foreach ((string key, int images) in new[] { ("train-images", TrainImages), ("validation-images", ValidationImages), ("test-images", TestImages) })
            Check.That(images is >= 1 and <= 1_000_000, $"data.scenes.{key}", "1 to 1,000,000", images);
        const int most = Data.Scenes.SceneQuestions.MaximumPerScene;
        Check.That(QuestionsPerImage is >= 1 and <= most, "data.scenes.questions-per-image", $"1 to {most}", QuestionsPerImage);
    }

    internal Data.Scenes.SceneOptions ToOptions() => new()
    {
        Seed = (ulong)Seed,
        TrainImages = TrainImages,
        ValidationImages = ValidationImages,
        TestImages = TestImages,
        QuestionsPerImage = QuestionsPerImage,
    };
}
