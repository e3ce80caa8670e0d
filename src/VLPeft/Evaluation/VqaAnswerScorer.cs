namespace VLPeft.Evaluation;

/// <summary>Scores single predictions and remembers processed answers, of which few in a data set are different.</summary>
internal sealed class VqaAnswerScorer(VqaEvaluator evaluator)
{
    private readonly Dictionary<string, string> _answers = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _predictions = new(StringComparer.Ordinal);

    public Python Python { get; } = evaluator == VqaEvaluator.Official ? Python.Two : Python.Three;

    /// <summary>From 0 to 1; the same sums in the same order as the evaluators', so that the last bit agrees.</summary>
    public double Score(IReadOnlyList<string> answers, string prediction)
    {
        var texts = new string[answers.Count];
        for (int i = 0; i < texts.Length; i++)
            texts[i] = evaluator == VqaEvaluator.Official ? VqaAnswerText.Strip(answers[i]) : answers[i];
        bool differ = texts.AsSpan().ContainsAnyExcept(texts[0]);
        if (differ)
        {
            for (int i = 0; i < texts.Length; i++)
                texts[i] = Cached(_answers, texts[i], ProcessAnswer);
        }
        string predicted = differ || evaluator == VqaEvaluator.VlT5
            ? Cached(_predictions, prediction, ProcessPrediction)
            : VqaAnswerText.Strip(prediction);
        return Consensus(texts, predicted);
    }

    private static double Consensus(string[] answers, string prediction)
    {
        int agreeing = answers.AsSpan().Count(prediction);
        double sum = 0;
        foreach (string leftOut in answers)
            sum += Math.Min(1, (agreeing - (leftOut == prediction ? 1 : 0)) / 3.0);
        return sum / answers.Length;
    }

    private string ProcessAnswer(string answer)
    {
        string text = VqaAnswerText.Punctuation(answer, Python);
        return evaluator == VqaEvaluator.Official ? VqaAnswerText.DigitsAndArticles(text, Python) : text;
    }

    private string ProcessPrediction(string prediction) =>
        VqaAnswerText.DigitsAndArticles(VqaAnswerText.Punctuation(VqaAnswerText.Strip(prediction, Python), Python), Python);

    private static string Cached(Dictionary<string, string> cache, string text, Func<string, string> process)
    {
        if (!cache.TryGetValue(text, out string? known))
            cache.Add(text, known = process(text));
        return known;
    }
}
