using VLPeft.Data;

namespace VLPeft.Evaluation;

/// <summary>Whose evaluation to reproduce.</summary>
public enum VqaEvaluator
{
    /// <summary>
    /// The official one (GT-Vision-Lab/VQA, Python 2). Answers and prediction are stripped; they are processed
    /// (<see cref="VqaAnswerText"/>) only when the annotators' stripped answers differ, so "Yes" is wrong where all ten said "yes".
    /// Ties of rounding go away from zero.
    /// </summary>
    Official,

    /// <summary>
    /// The copy in VL-T5 and VL-Adapter (Python 3). The prediction is always processed, the annotators' answers get the punctuation
    /// step alone and only when they differ, so the prediction "two" never meets the answer "two". Ties of rounding go to even.
    /// </summary>
    VlT5,
}

/// <summary>
/// VQA accuracy (Antol et al., ICCV 2015): an answer counts min(1, n/3), n the number of the other annotators who gave it, averaged over
/// leaving out each annotator once.
/// </summary>
public static class VqaAccuracy
{
    // With fewer answers a prediction all annotators agree with would score below 100.
    private const int FewestAnswers = 4;

    /// <summary>Scores predictions: exactly one for each question.</summary>
    /// <param name="examples">The questions with their annotators' answers, at least four each; at least one question.</param>
    /// <param name="predictions">In any order.</param>
    /// <param name="evaluator">Whose rules.</param>
    /// <exception cref="InvalidInputException">
    /// A question has no prediction or two, a prediction no question; a question stands twice or has too few answers; no questions.
    /// </exception>
    public static VqaAccuracyReport Evaluate(
        IReadOnlyList<VqaExample> examples, IReadOnlyCollection<VqaPrediction> predictions, VqaEvaluator evaluator = VqaEvaluator.Official)
    {
        Dictionary<long, string> predictionOf = Match(examples, predictions);
        var scorer = new VqaAnswerScorer(evaluator);
        var overall = new Mean();
        var perAnswerType = new OrderedDictionary<string, Mean>();
        var perQuestionType = new OrderedDictionary<string, Mean>();
        var perQuestion = new VqaQuestionScore[examples.Count];
        for (int i = 0; i < perQuestion.Length; i++)
        {
            VqaExample example = examples[i];
            double accuracy = scorer.Score(example.Answers, predictionOf[example.QuestionId]);
            perQuestion[i] = new VqaQuestionScore(example.QuestionId, PythonText.RoundTo2(100 * accuracy, scorer.Python), 100 * accuracy);
            overall.Add(accuracy);
            Of(perAnswerType, example.AnswerType).Add(accuracy);
            Of(perQuestionType, example.QuestionType).Add(accuracy);
        }
        return new VqaAccuracyReport(
            overall.Score(scorer.Python), Scores(perAnswerType, scorer.Python), Scores(perQuestionType, scorer.Python), perQuestion);
    }

    /// <summary>The accuracy of one prediction, from 0 to 1, unrounded.</summary>
    /// <param name="answers">The annotators' answers as written.</param>
    /// <param name="prediction">The model's answer.</param>
    /// <param name="evaluator">Whose rules.</param>
    public static double Score(IReadOnlyList<string> answers, string prediction, VqaEvaluator evaluator = VqaEvaluator.Official)
    {
        ArgumentOutOfRangeException.ThrowIfZero(answers.Count);
        return new VqaAnswerScorer(evaluator).Score(answers, prediction);
    }

    private static Dictionary<long, string> Match(IReadOnlyList<VqaExample> examples, IReadOnlyCollection<VqaPrediction> predictions)
    {
        if (examples.Count == 0)
            throw new InvalidInputException("VQA accuracy: expected at least one question, got none.");
        var predictionOf = new Dictionary<long, string>(predictions.Count);
        foreach (VqaPrediction prediction in predictions)
        {
            if (!predictionOf.TryAdd(prediction.QuestionId, prediction.Answer))
            {
                throw new InvalidInputException(
                    $"VQA accuracy: expected one prediction a question, got two for question_id {prediction.QuestionId}.");
            }
        }
        HashSet<long> asked = new(examples.Count);
        foreach (VqaExample example in examples)
        {
            if (!asked.Add(example.QuestionId))
                throw new InvalidInputException($"VQA accuracy: question_id {example.QuestionId} stands twice among the questions.");
            if (example.Answers.Count < FewestAnswers)
            {
                throw new InvalidInputException(
                    $"VQA accuracy: expected at least {FewestAnswers} annotators' answers (VQAv2 has ten), " +
                    $"question_id {example.QuestionId} has {example.Answers.Count}.");
            }
        }
        Refuse("questions have no prediction", asked.Where(id => !predictionOf.ContainsKey(id)), asked.Count);
        Refuse("predictions have no question", predictionOf.Keys.Where(id => !asked.Contains(id)), predictionOf.Count);
        return predictionOf;
    }

    private static void Refuse(string what, IEnumerable<long> ids, int all)
    {
        long[] bad = [.. ids];
        if (bad.Length > 0)
        {
            throw new InvalidInputException(
                $"VQA accuracy: expected exactly one prediction for each question, but {bad.Length} of {all} {what}: question_id " +
                $"{IdList.First(bad)}.");
        }
    }

    private static Mean Of(OrderedDictionary<string, Mean> means, string key)
    {
        if (!means.TryGetValue(key, out Mean? mean))
            means.Add(key, mean = new Mean());
        return mean;
    }

    private static OrderedDictionary<string, VqaScore> Scores(OrderedDictionary<string, Mean> means, Python python)
    {
        var scores = new OrderedDictionary<string, VqaScore>(means.Count);
        foreach ((string key, Mean mean) in means)
            scores.Add(key, mean.Score(python));
        return scores;
    }

    private sealed class Mean
    {
        private double _sum;
        private int _count;

        public void Add(double value)
        {
            _sum += value;
            _count++;
        }

        public VqaScore Score(Python python)
        {
            double percent = 100 * _sum / _count;
            return new VqaScore(PythonText.RoundTo2(percent, python), percent, _count);
        }
    }
}
