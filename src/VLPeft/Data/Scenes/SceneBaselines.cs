namespace VLPeft.Data.Scenes;

/// <summary>
/// Predictions that never look at a picture: what the answers' frequencies alone give. They come as question id → answer, for any metric
/// to score, and work for every data set of <see cref="VqaExample"/>s.
/// </summary>
public static class SceneBaselines
{
    /// <summary>Answers every question with the answer that the annotators of the training questions gave most often.</summary>
    /// <param name="training">Questions with answers.</param>
    /// <param name="questions">The questions to answer; their own answers are not looked at.</param>
    /// <exception cref="ArgumentException">The training questions have no answers.</exception>
    public static IReadOnlyDictionary<long, string> Majority(IEnumerable<VqaExample> training, IEnumerable<VqaExample> questions)
    {
        string answer = MostFrequent(training.SelectMany(example => example.Answers));
        return questions.ToDictionary(example => example.QuestionId, _ => answer);
    }

    /// <summary>
    /// Answers every question with the answer given most often to training questions of the very same words; questions never met in
    /// training get the answer of <see cref="Majority"/>.
    /// </summary>
    /// <param name="training">Questions with answers.</param>
    /// <param name="questions">The questions to answer; their own answers are not looked at.</param>
    /// <exception cref="ArgumentException">The training questions have no answers.</exception>
    public static IReadOnlyDictionary<long, string> MajorityPerQuestion(
        IReadOnlyList<VqaExample> training, IEnumerable<VqaExample> questions)
    {
        string fallback = MostFrequent(training.SelectMany(example => example.Answers));
        Dictionary<string, string> byQuestion = training
            .Where(example => example.Answers.Count > 0)
            .GroupBy(example => example.Question)
            .ToDictionary(group => group.Key, group => MostFrequent(group.SelectMany(example => example.Answers)));
        return questions.ToDictionary(example => example.QuestionId, example => byQuestion.GetValueOrDefault(example.Question, fallback));
    }

    // Ties go to the answer first in ordinal order, so that the order of the examples decides nothing.
    private static string MostFrequent(IEnumerable<string> answers) =>
        answers.GroupBy(answer => answer)
            .OrderByDescending(group => group.Count())
            .ThenBy(group => group.Key, StringComparer.Ordinal)
            .FirstOrDefault()?.Key
        ?? throw new ArgumentException("The training questions have no answers to count.", nameof(answers));
}
