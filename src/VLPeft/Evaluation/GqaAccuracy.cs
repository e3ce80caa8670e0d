namespace VLPeft.Evaluation;

/// <summary>
/// GQA accuracy as VL-T5 and VL-Adapter compute it: the share of predictions that equal the answer exactly, without lower-casing and
/// without stripping.
/// </summary>
public static class GqaAccuracy
{
    /// <summary>From 0 to 1.</summary>
    /// <param name="pairs">Each question's answer and the model's; at least one.</param>
    /// <exception cref="InvalidInputException">No questions.</exception>
    public static double Score(IReadOnlyCollection<(string Answer, string Prediction)> pairs) => pairs.Count == 0
        ? throw new InvalidInputException("GQA accuracy: expected at least one question, got none.")
        : pairs.Average(pair => pair.Answer == pair.Prediction ? 1.0 : 0.0);

    /// <summary>The same after white space at the ends is stripped and everything is lower case, for comparison.</summary>
    /// <inheritdoc cref="Score"/>
    public static double ScoreIgnoringCase(IReadOnlyCollection<(string Answer, string Prediction)> pairs) =>
        Score([.. pairs.Select(pair => (Plain(pair.Answer), Plain(pair.Prediction)))]);

    private static string Plain(string text) => PythonText.Lower(PythonText.Strip(text, Python.Three), Python.Three);
}
