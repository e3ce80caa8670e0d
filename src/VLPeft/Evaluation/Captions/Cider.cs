namespace VLPeft.Evaluation.Captions;

/// <summary>Which of the paper's two measures.</summary>
public enum CiderVariant
{
    /// <summary>
    /// CIDEr-D, which the official evaluation calls CIDEr: a candidate's weights are clipped by the reference's, another length is punished
    /// by a Gaussian, and everything is multiplied by 10.
    /// </summary>
    D,

    /// <summary>CIDEr without those three, and without stemming.</summary>
    Plain,
}

/// <summary>CIDEr (Vedantam et al., CVPR 2015).</summary>
public static class Cider
{
    private const double Sigma = 6;
    private const double Factor = 10;

    /// <summary>
    /// Scores tokenized captions; words stand between white space. The score of the set is the mean. With the set's own document
    /// frequencies a picture's score depends on all others, and a single picture always scores 0.
    /// </summary>
    /// <param name="examples">Tokenized captions.</param>
    /// <param name="variant">CIDEr-D unless told otherwise.</param>
    /// <param name="frequencies">In how many pictures' references each n-gram stands; counted in the examples when null.</param>
    public static CaptionMetric Score(
        IReadOnlyList<CaptionExample> examples, CiderVariant variant = CiderVariant.D, DocumentFrequencies? frequencies = null)
    {
        double[][] perLength = ScorePerLength(examples, variant, frequencies);
        double[] scores = [.. perLength.Select(score => score.Average() * (variant == CiderVariant.D ? Factor : 1))];
        return new CaptionMetric(scores.Average(), scores);
    }

    /// <summary>[picture][n - 1], before the mean over n and the factor.</summary>
    internal static double[][] ScorePerLength(
        IReadOnlyList<CaptionExample> examples, CiderVariant variant, DocumentFrequencies? frequencies)
    {
        CaptionWords words = frequencies?.Words ?? new CaptionWords();
        NumberedExample[] numbered;
        lock (words)
            numbered = NumberedExample.Of(examples, words.OfWhiteSpace);
        CiderWeights weights = frequencies?.Weights ?? new CiderWeights(numbered.Length, CiderWeights.Count(numbered));
        var scores = new double[numbered.Length][];
        Parallel.For(0, scores.Length, i => scores[i] = Score(numbered[i], weights, variant));
        return scores;
    }

    private static double[] Score(NumberedExample example, CiderWeights weights, CiderVariant variant)
    {
        CiderVector candidate = weights.Vector(example.Candidate);
        var sums = new double[NGram.Longest];
        foreach (int[] reference in example.References)
        {
            double[] similarity = Similarity(candidate, weights.Vector(reference), variant);
            for (int n = 0; n < sums.Length; n++)
                sums[n] += similarity[n];
        }
        return [.. sums.Select(sum => sum / example.References.Length)];
    }

    private static double[] Similarity(CiderVector candidate, CiderVector reference, CiderVariant variant)
    {
        var similarity = new double[NGram.Longest];
        foreach ((NGram gram, double weight) in candidate.Weights)
        {
            if (reference.Weights.TryGetValue(gram, out double other))
                similarity[gram.Length - 1] += (variant == CiderVariant.D ? Math.Min(weight, other) : weight) * other;
        }
        double difference = candidate.Length - reference.Length;
        double penalty = variant == CiderVariant.D ? Math.Exp(-(difference * difference) / (2 * Sigma * Sigma)) : 1;
        for (int n = 0; n < similarity.Length; n++)
        {
            double norms = candidate.Norms[n] * reference.Norms[n];
            similarity[n] = norms == 0 ? 0 : similarity[n] / norms * penalty;
        }
        return similarity;
    }
}
