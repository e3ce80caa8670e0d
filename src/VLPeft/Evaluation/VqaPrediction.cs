namespace VLPeft.Evaluation;

/// <summary>A model's answer to a question.</summary>
/// <param name="QuestionId">The question.</param>
/// <param name="Answer">The answer as the model gives it.</param>
public readonly record struct VqaPrediction(long QuestionId, string Answer);
