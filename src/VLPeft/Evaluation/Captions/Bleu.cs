namespace VLPeft.Evaluation.Captions;

/// <summary>Which of a picture's references gives the length that a candidate should have.</summary>
public enum BleuReference
{
    /// <summary>The length closest to the candidate's, the shorter of two equally close: the official evaluation.</summary>
    Closest,

    /// <summary>The shortest.</summary>
    Shortest,

    /// <summary>The mean of all.</summary>
    Average,
}

/// <summary>The counts of BLEU, summed over pictures.</summary>
/// <param name="CandidateLength">Words of the candidates.</param>
/// <param name="ReferenceLength">Words that they should have.</param>
/// <param name="Guesses">n-grams of the candidates, for n = 1 … 4.</param>
/// <param name="Correct">Those found in a reference, no more often than in the reference that has them most often.</param>
public sealed record BleuTotals(long CandidateLength, double ReferenceLength, IReadOnlyList<long> Guesses, IReadOnlyList<long> Correct);

/// <summary>BLEU-1 … 4 of a set.</summary>
/// <param name="Scores">Of the set, from its totals; it is not the mean of the pictures.</param>
/// <param name="Totals">The counts.</param>
/// <param name="PerImage">[n - 1][picture].</param>
public sealed record BleuReport(IReadOnlyList<double> Scores, BleuTotals Totals, IReadOnlyList<IReadOnlyList<double>> PerImage);

/// <summary>BLEU (Papineni et al., ACL 2002) with the constants of the official COCO evaluation, which keep it from dividing by 0.</summary>
public static class Bleu
{
    private const double Small = 1e-9;
    private const double Tiny = 1e-15;

    /// <summary>Scores tokenized captions; words stand between white space.</summary>
    public static BleuReport Score(IReadOnlyList<CaptionExample> examples, BleuReference reference = BleuReference.Closest)
    {
        NumberedExample[] numbered = NumberedExample.Of(examples, new CaptionWords().OfWhiteSpace);
        var totals = new BleuTotals[numbered.Length];
        Parallel.For(0, totals.Length, i => totals[i] = Count(numbered[i], reference));
        BleuTotals all = totals.Aggregate(new BleuTotals(0, 0, new long[NGram.Longest], new long[NGram.Longest]), Add);
        double[][] scores = [.. totals.Select(Scores)];
        return new BleuReport(
            Scores(all), all, [.. Enumerable.Range(0, NGram.Longest).Select(n => (double[])[.. scores.Select(score => score[n])])]);
    }

    private static BleuTotals Count(NumberedExample example, BleuReference reference)
    {
        Dictionary<NGram, int> most = [];
        foreach (int[] words in example.References)
        {
            foreach ((NGram gram, int count) in NGram.Count(words))
                most[gram] = Math.Max(count, most.GetValueOrDefault(gram));
        }
        var correct = new long[NGram.Longest];
        foreach ((NGram gram, int count) in NGram.Count(example.Candidate))
            correct[gram.Length - 1] += Math.Min(count, most.GetValueOrDefault(gram));
        int length = example.Candidate.Length;
        return new BleuTotals(
            length, Length(length, [.. example.References.Select(words => words.Length)], reference),
            [.. Enumerable.Range(0, NGram.Longest).Select(n => (long)Math.Max(0, length - n))], correct);
    }

    private static double Length(int candidate, int[] references, BleuReference reference) => reference switch
    {
        BleuReference.Closest => references.MinBy(length => (Math.Abs(length - candidate), length)),
        BleuReference.Shortest => references.Min(),
        _ => references.Average(),
    };

    private static BleuTotals Add(BleuTotals all, BleuTotals one) => new(
        all.CandidateLength + one.CandidateLength, all.ReferenceLength + one.ReferenceLength,
        [.. all.Guesses.Zip(one.Guesses, (sum, count) => sum + count)], [.. all.Correct.Zip(one.Correct, (sum, count) => sum + count)]);

    private static double[] Scores(BleuTotals totals)
    {
        double ratio = (totals.CandidateLength + Tiny) / (totals.ReferenceLength + Small);
        double brevity = ratio < 1 ? Math.Exp(1 - 1 / ratio) : 1;
        var scores = new double[NGram.Longest];
        double product = 1;
        for (int n = 0; n < scores.Length; n++)
        {
            product *= (totals.Correct[n] + Tiny) / (totals.Guesses[n] + Small);
            scores[n] = Math.Pow(product, 1.0 / (n + 1)) * brevity;
        }
        return scores;
    }
}
