namespace VLPeft.Data;

/// <summary>One question about one picture, as VQAv2 and its likes have it.</summary>
/// <param name="QuestionId">Unique in its split.</param>
/// <param name="ImageId">The picture's id; <see cref="IImageSource"/> finds its file.</param>
/// <param name="Question">Not empty.</param>
/// <param name="QuestionType">For example "how many"; empty when the data set has none.</param>
/// <param name="AnswerType">"yes/no", "number" or "other" in VQAv2; empty when the data set has none.</param>
/// <param name="Answers">The annotators' answers as written, ten in VQAv2; empty for a test split without annotations.</param>
public sealed record VqaExample(
    long QuestionId, long ImageId, string Question, string QuestionType, string AnswerType, IReadOnlyList<string> Answers)
{
    /// <summary>
    /// The answer the data set itself names as the most common one (VQAv2's multiple_choice_answer); empty when it names none.
    /// Only <see cref="AnswerVocabulary.Build"/> reads it.
    /// </summary>
    public string MultipleChoiceAnswer { get; init; } = "";
}
