namespace VLPeft.Evaluation.Captions;

/// <summary>
/// ROUGE-L (Lin, 2004) as the official COCO evaluation computes it: the best precision and the best recall, which may come from different
/// references, weighted with β = 1.2.
/// </summary>
public static class RougeL
{
    private const double Beta = 1.2;

    /// <summary>Scores tokenized captions; words stand between single spaces. The score of the set is the mean.</summary>
    public static CaptionMetric Score(IReadOnlyList<CaptionExample> examples)
    {
        NumberedExample[] numbered = NumberedExample.Of(examples, new CaptionWords().OfSpaces);
        var scores = new double[numbered.Length];
        Parallel.For(0, scores.Length, i => scores[i] = Score(numbered[i]));
        return new CaptionMetric(scores.Average(), scores);
    }

    private static double Score(NumberedExample example)
    {
        double precision = 0, recall = 0;
        foreach (int[] reference in example.References)
        {
            double common = LongestCommonSubsequence(example.Candidate, reference);
            precision = Math.Max(precision, common / example.Candidate.Length);
            recall = Math.Max(recall, common / reference.Length);
        }
        return precision == 0 || recall == 0
            ? 0
            : (1 + Beta * Beta) * precision * recall / (recall + Beta * Beta * precision);
    }

    private static int LongestCommonSubsequence(ReadOnlySpan<int> one, ReadOnlySpan<int> other)
    {
        var lengths = new int[other.Length + 1]; // of the words of one so far with the first j of other
        foreach (int word in one)
        {
            int diagonal = 0;
            for (int j = 1; j < lengths.Length; j++)
            {
                int above = lengths[j];
                lengths[j] = word == other[j - 1] ? diagonal + 1 : Math.Max(above, lengths[j - 1]);
                diagonal = above;
            }
        }
        return lengths[^1];
    }
}
