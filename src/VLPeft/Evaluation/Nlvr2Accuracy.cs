namespace VLPeft.Evaluation;

/// <summary>A prediction of NLVR2.</summary>
/// <param name="Identifier">split-set-pair-sentence: "dev-123-2-0".</param>
/// <param name="Label">Whether the sentence is true of the pictures.</param>
/// <param name="Prediction">What the model says.</param>
public readonly record struct Nlvr2Prediction(string Identifier, bool Label, bool Prediction);

/// <summary>Accuracy and consistency, from 0 to 1.</summary>
/// <param name="Accuracy">The share of right predictions.</param>
/// <param name="Consistency">The share of sentences for which the predictions on all their pairs of pictures are right.</param>
/// <param name="Sentences">How many different sentences.</param>
/// <param name="ConsistentSentences">How many of them are right everywhere.</param>
public readonly record struct Nlvr2Score(double Accuracy, double Consistency, int Sentences, int ConsistentSentences);

/// <summary>The measures of NLVR2 (Suhr et al., ACL 2019).</summary>
public static class Nlvr2Accuracy
{
    /// <summary>Scores predictions.</summary>
    /// <param name="predictions">At least one; each identifier once.</param>
    /// <exception cref="InvalidInputException">None, an identifier of another form or one that stands twice.</exception>
    public static Nlvr2Score Score(IReadOnlyCollection<Nlvr2Prediction> predictions)
    {
        if (predictions.Count == 0)
            throw new InvalidInputException("NLVR2 accuracy: expected at least one prediction, got none.");
        HashSet<string> seen = new(predictions.Count, StringComparer.Ordinal);
        Dictionary<(string Split, string Set, string Sentence), bool> consistent = [];
        foreach (Nlvr2Prediction prediction in predictions)
        {
            if (!seen.Add(prediction.Identifier))
                throw new InvalidInputException($"NLVR2 accuracy: expected each identifier once, {prediction.Identifier} stands twice.");
            (string, string, string) sentence = SentenceOf(prediction.Identifier);
            consistent[sentence] = consistent.GetValueOrDefault(sentence, true) && IsRight(prediction);
        }
        int right = consistent.Values.Count(all => all);
        return new Nlvr2Score(
            (double)predictions.Count(IsRight) / predictions.Count, (double)right / consistent.Count, consistent.Count, right);
    }

    private static bool IsRight(Nlvr2Prediction prediction) => prediction.Label == prediction.Prediction;

    /// <summary>The identifier without its third field, the pair of pictures.</summary>
    private static (string, string, string) SentenceOf(string identifier) => identifier.Split('-') is [string split, string set, _, string sentence]
        ? (split, set, sentence)
        : throw new InvalidInputException($"NLVR2 accuracy: expected an identifier like dev-123-2-0 (split-set-pair-sentence), got \"{identifier}\".");
}
