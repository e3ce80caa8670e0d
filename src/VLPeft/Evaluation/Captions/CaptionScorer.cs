namespace VLPeft.Evaluation.Captions;

/// <summary>
/// The official COCO caption evaluation: tokens by <see cref="PtbTokenizer"/>, then BLEU-1 … 4, METEOR, ROUGE-L, CIDEr and SPICE.
/// </summary>
public static class CaptionScorer
{
    /// <summary>Scores raw captions.</summary>
    /// <param name="examples">Each picture once, with at least one reference.</param>
    /// <param name="options">What else is to be computed.</param>
    /// <exception cref="InvalidInputException">No pictures, one that stands twice, one without references.</exception>
    public static CaptionReport Score(IReadOnlyList<CaptionExample> examples, CaptionScorerOptions? options = null)
    {
        options ??= new CaptionScorerOptions();
        Check(examples);
        IReadOnlyList<CaptionExample> tokenized = Tokenize(examples);
        var report = new CaptionReportBuilder([.. examples.Select(example => example.ImageId)]);
        options.Progress?.Invoke(0.4); // shares of the time without METEOR and SPICE
        BleuReport bleu = Bleu.Score(tokenized);
        for (int n = 0; n < NGram.Longest; n++)
            report.Add($"Bleu_{n + 1}", new CaptionMetric(bleu.Scores[n], bleu.PerImage[n]));
        options.Progress?.Invoke(0.6);
        report.Add("METEOR", options.Meteor?.Score(tokenized));
        report.Add("ROUGE_L", RougeL.Score(tokenized));
        options.Progress?.Invoke(0.7);
        report.Add("CIDEr", Cider.Score(tokenized, CiderVariant.D, options.Frequencies));
        report.Add("SPICE", options.Spice?.Score(tokenized));
        options.Progress?.Invoke(1);
        return report.Build();
    }

    /// <summary>
    /// The tokens of raw captions. Candidates are the lines of one text and references those of another, as in the official evaluation.
    /// </summary>
    public static IReadOnlyList<CaptionExample> Tokenize(IReadOnlyList<CaptionExample> examples)
    {
        IReadOnlyList<string> candidates = PtbTokenizer.Tokenize([.. examples.Select(example => example.Candidate)]);
        IReadOnlyList<string> references = PtbTokenizer.Tokenize([.. examples.SelectMany(example => example.References)]);
        var tokenized = new CaptionExample[examples.Count];
        int next = 0;
        for (int i = 0; i < tokenized.Length; i++)
        {
            tokenized[i] = new CaptionExample(
                examples[i].ImageId, candidates[i], [.. examples[i].References.Select(_ => references[next++])]);
        }
        return tokenized;
    }

    private static void Check(IReadOnlyList<CaptionExample> examples)
    {
        if (examples.Count == 0)
            throw new InvalidInputException("Caption scores: expected at least one picture, got none.");
        HashSet<string> seen = new(examples.Count, StringComparer.Ordinal);
        foreach (CaptionExample example in examples)
        {
            if (!seen.Add(example.ImageId))
                throw new InvalidInputException($"Caption scores: expected each picture once, image_id {example.ImageId} stands twice.");
            if (example.References.Count == 0)
            {
                throw new InvalidInputException(
                    $"Caption scores: expected at least one reference a picture, image_id {example.ImageId} has none.");
            }
        }
    }
}
