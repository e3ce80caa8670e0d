namespace VLPeft.Data.Scenes;

/// <summary>What a scene data set is made from; the same options give the same files to the byte.</summary>
public sealed record SceneOptions
{
    /// <summary>Picks all scenes, questions, answers, captions and noise; 1 unless told.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>Training pictures, 1 to 1,000,000; 4,000 unless told.</summary>
    public int TrainImages { get; init; } = 4000;

    /// <summary>Validation pictures, 1 to 1,000,000; 500 unless told.</summary>
    public int ValidationImages { get; init; } = 500;

    /// <summary>Test pictures, 1 to 1,000,000; 1,000 unless told.</summary>
    public int TestImages { get; init; } = 1000;

    /// <summary>Questions about each picture, 1 to 12; 6 unless told.</summary>
    public int QuestionsPerImage { get; init; } = 6;

    /// <summary>Answers to each question, 1 to 100; 10 unless told, as VQAv2 has.</summary>
    public int Annotators { get; init; } = 10;

    /// <summary>The probability that an annotator gives another answer of the same kind, in [0, 1]; 0.06 unless told.</summary>
    public double AnnotatorConfusion { get; init; } = 0.06;

    /// <summary>Captions of each picture, 1 to 20; 5 unless told.</summary>
    public int CaptionsPerImage { get; init; } = 5;

    /// <summary>
    /// The captions of a picture take the first so many of <see cref="SceneCaptions"/>' styles in turn, 1 to 5; 5 unless told. With 1
    /// the captions of a picture are all alike.
    /// </summary>
    public int CaptionStyles { get; init; } = SceneCaptions.StyleCount;

    /// <summary>How many pictures a split has.</summary>
    public int ImagesOf(SceneSplit split) => split switch
    {
        SceneSplit.Train => TrainImages,
        SceneSplit.Validation => ValidationImages,
        SceneSplit.Test => TestImages,
        _ => throw new ArgumentOutOfRangeException(nameof(split), split, "This is no split."),
    };

    /// <summary>Checks every option.</summary>
    /// <exception cref="InvalidInputException">One is out of its range.</exception>
    public void Validate()
    {
        Check(nameof(TrainImages), TrainImages, 1_000_000);
        Check(nameof(ValidationImages), ValidationImages, 1_000_000);
        Check(nameof(TestImages), TestImages, 1_000_000);
        Check(nameof(QuestionsPerImage), QuestionsPerImage, SceneQuestions.MaximumPerScene);
        Check(nameof(Annotators), Annotators, 100);
        Check(nameof(CaptionsPerImage), CaptionsPerImage, 20);
        Check(nameof(CaptionStyles), CaptionStyles, SceneCaptions.StyleCount);
        if (AnnotatorConfusion is not (>= 0 and <= 1))
            throw new InvalidInputException($"Scene option {nameof(AnnotatorConfusion)} must be from 0 to 1, not {AnnotatorConfusion}.");
    }

    private static void Check(string name, int value, int maximum)
    {
        if (value < 1 || value > maximum)
            throw new InvalidInputException($"Scene option {name} must be from 1 to {maximum}, not {value}.");
    }
}
