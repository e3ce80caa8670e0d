namespace VLPeft.Data.Scenes;

/// <summary>What a question asks for.</summary>
public enum SceneQuestionType
{
    /// <summary>Is there such an object?</summary>
    Existence,

    /// <summary>How many such objects are there?</summary>
    Count,

    /// <summary>The colour of the one such object.</summary>
    Color,

    /// <summary>The shape of the one such object.</summary>
    Shape,

    /// <summary>The shape in a cell.</summary>
    What,

    /// <summary>The cell of the one such object.</summary>
    Where,

    /// <summary>Are there more of these than of those?</summary>
    Comparison,

    /// <summary>The background's colour.</summary>
    Background,

    /// <summary>The size of the one such object.</summary>
    Size,
}

/// <summary>A question about a scene with its true answer.</summary>
/// <param name="Type">What it asks for.</param>
/// <param name="Text">Lower-case words and a question mark.</param>
/// <param name="Answer">The only right answer, one of <see cref="SceneAnswers.All"/>.</param>
public sealed record SceneQuestion(SceneQuestionType Type, string Text, string Answer)
{
    /// <summary>The kind of answer the type has.</summary>
    public SceneAnswerKind AnswerKind => Type switch
    {
        SceneQuestionType.Existence or SceneQuestionType.Comparison => SceneAnswerKind.YesNo,
        SceneQuestionType.Count => SceneAnswerKind.Number,
        SceneQuestionType.Color => SceneAnswerKind.Color,
        SceneQuestionType.Shape or SceneQuestionType.What => SceneAnswerKind.Shape,
        SceneQuestionType.Where => SceneAnswerKind.Position,
        SceneQuestionType.Background => SceneAnswerKind.Background,
        _ => SceneAnswerKind.Size,
    };

    /// <summary>The type as the annotations file spells it, for example "existence".</summary>
    public string TypeName => Type.ToString().ToLowerInvariant();

    /// <summary>The kind of answer in VQAv2's terms: "yes/no", "number" or "other".</summary>
    public string AnswerType => AnswerKind switch
    {
        SceneAnswerKind.YesNo => "yes/no",
        SceneAnswerKind.Number => "number",
        _ => "other",
    };
}
