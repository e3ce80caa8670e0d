namespace VLPeft.Evaluation;

/// <summary>The mean accuracy of some questions, in percent.</summary>
/// <param name="Accuracy">Rounded to two decimals as the evaluator does.</param>
/// <param name="Unrounded">The same before rounding.</param>
/// <param name="Questions">How many questions.</param>
public readonly record struct VqaScore(double Accuracy, double Unrounded, int Questions);

/// <summary>The accuracy of one answer, in percent: 0, 30, 60, 90 or 100 with ten annotators.</summary>
/// <param name="QuestionId">The question.</param>
/// <param name="Accuracy">Rounded to two decimals as the evaluator does.</param>
/// <param name="Unrounded">The same before rounding.</param>
public readonly record struct VqaQuestionScore(long QuestionId, double Accuracy, double Unrounded);

/// <summary>What an evaluation gives; the keys come in the order in which the questions have them.</summary>
/// <param name="Overall">All questions.</param>
/// <param name="PerAnswerType">By <see cref="Data.VqaExample.AnswerType"/>.</param>
/// <param name="PerQuestionType">By <see cref="Data.VqaExample.QuestionType"/>.</param>
/// <param name="PerQuestion">Each question, in their order.</param>
public sealed record VqaAccuracyReport(
    VqaScore Overall,
    IReadOnlyDictionary<string, VqaScore> PerAnswerType,
    IReadOnlyDictionary<string, VqaScore> PerQuestionType,
    IReadOnlyList<VqaQuestionScore> PerQuestion);
