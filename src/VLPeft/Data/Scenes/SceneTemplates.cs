namespace VLPeft.Data.Scenes;

/// <summary>The wordings of questions: three for each type. At most 11 words and the question mark.</summary>
internal static class SceneTemplates
{
    public const int Paraphrases = 3;

    /// <summary>A question in words.</summary>
    /// <param name="type">What is asked for.</param>
    /// <param name="of">The objects asked about.</param>
    /// <param name="than">The objects they are compared with.</param>
    /// <param name="paraphrase">From 0 to 2.</param>
    public static string Word(SceneQuestionType type, SceneFilter of, SceneFilter than, int paraphrase) => type switch
    {
        SceneQuestionType.Existence => Choose(paraphrase,
            $"is there a {of.Singular}?",
            $"does this image contain a {of.Singular}?",
            $"can you see a {of.Singular}?"),
        SceneQuestionType.Count => Choose(paraphrase,
            $"how many {of.Plural} are there?",
            $"what is the number of {of.Plural}?",
            $"how many {of.Plural} does the picture show?"),
        SceneQuestionType.Color => Choose(paraphrase,
            $"what color is the {of.Singular}?",
            $"which color does the {of.Singular} have?",
            $"what is the color of the {of.Singular}?"),
        SceneQuestionType.Shape => Choose(paraphrase,
            $"what shape is the {of.Singular}?",
            $"which shape does the {of.Singular} have?",
            $"what is the shape of the {of.Singular}?"),
        SceneQuestionType.What => Choose(paraphrase,
            $"what is at the {of.Position!.Value.Name()}?",
            $"which object is in the {of.Position!.Value.Name()} corner?",
            $"what can you find at the {of.Position!.Value.Name()}?"),
        SceneQuestionType.Where => Choose(paraphrase,
            $"where is the {of.Singular}?",
            $"in which corner is the {of.Singular}?",
            $"what is the location of the {of.Singular}?"),
        SceneQuestionType.Comparison => Choose(paraphrase,
            $"are there more {of.Plural} than {than.Plural}?",
            $"does the picture show more {of.Plural} than {than.Plural}?",
            $"do {of.Plural} outnumber {than.Plural}?"),
        SceneQuestionType.Background => Choose(paraphrase,
            "what color is the background?",
            "which color fills the background?",
            "which color lies behind the objects?"),
        SceneQuestionType.Size => Choose(paraphrase,
            $"what size is the {of.Singular}?",
            $"how big is the {of.Singular}?",
            $"is the {of.Singular} large or small?"),
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "This is no type of question."),
    };

    private static string Choose(int paraphrase, string first, string second, string third) =>
        paraphrase switch { 0 => first, 1 => second, _ => third };
}
