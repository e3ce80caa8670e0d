using VLPeft.Evaluation.Captions;
using Xunit;

namespace VLPeft.Tests.Evaluation.Captions;

/// <summary>Cases that can be worked out by hand; whole sets are compared in the parity tests.</summary>
public sealed class CaptionMetricsTests
{
    [Fact]
    public void BleuCountsAWordNoMoreOftenThanTheReferenceThatHasItMostOften()
    {
        BleuReport bleu = Bleu.Score([Example("the the the the", "the cat the", "a the")]);
        Assert.Equal([2, 0, 0, 0], bleu.Totals.Correct);
        Assert.Equal([4, 3, 2, 1], bleu.Totals.Guesses);
        Assert.Equal(0.5, bleu.Scores[0], 1e-8);
        Assert.Equal(bleu.Scores[0], bleu.PerImage[0][0]);
    }

    [Theory]
    [InlineData(BleuReference.Closest, 2)] // 2 and 4 are equally close to 3: the shorter
    [InlineData(BleuReference.Shortest, 1)]
    [InlineData(BleuReference.Average, 7.0 / 3)]
    public void BleuTakesTheReferenceLengthItIsToldTo(BleuReference reference, double length) =>
        Assert.Equal(length, Bleu.Score([Example("a b c", "a b c d", "a b", "a")], reference).Totals.ReferenceLength);

    [Fact]
    public void BleuPunishesCandidatesThatAreTooShort() =>
        Assert.Equal(Math.Exp(1 - 2), Bleu.Score([Example("a b", "a b c d")]).Scores[0], 1e-8);

    [Fact]
    public void BleuOfASetIsNotTheMeanOfItsPictures()
    {
        BleuReport bleu = Bleu.Score([Example("a b c d", "a b c d"), Example("x y", "p q")]);
        Assert.Equal(4.0 / 6, bleu.Scores[0], 1e-8);
        Assert.Equal(0.5, bleu.PerImage[0].Average(), 1e-8);
    }

    [Fact]
    public void RougeTakesPrecisionAndRecallFromDifferentReferences()
    {
        // precision 2/2 of the long one, recall 1/1 of the short one
        Assert.Equal(1, RougeL.Score([Example("a b", "a x b y", "a")]).Score, 1e-12);
        // precision 1/2, recall 1/3, and (1 + β²)PR/(R + β²P) with β = 1.2
        Assert.Equal(2.44 * (1.0 / 6) / (1.0 / 3 + 1.44 * 0.5), RougeL.Score([Example("a b", "x a y")]).Score, 1e-12);
    }

    [Fact]
    public void AnEmptyCandidateScoresNothingButRougeOfAnEmptyReference()
    {
        CaptionReport report = CaptionScorer.Score([Example("...", "a man", "a dog"), Example("a cat sits here", "a cat sits here"), Example("", "!", "a dog")]);
        foreach ((string name, IReadOnlyList<double> scores) in report.PerImage)
            Assert.Equal(0, scores[0], 1e-5);
        Assert.Equal(1, report.PerImage["ROUGE_L"][2], 1e-12);
        Assert.Equal(0, report.PerImage["CIDEr"][2]);
        Assert.All(report.PerImage.Values, scores => Assert.True(scores[1] > 0.99));
    }

    [Fact]
    public void CiderOfASinglePictureIsNothing()
    {
        Assert.Equal(0, Cider.Score([Example("a man", "a man")]).Score);
        Assert.Equal(0, Cider.Score([Example("a man", "a man")], CiderVariant.Plain).Score);
    }

    [Fact]
    public void CiderDoesNotReadTheOrderOfPictures()
    {
        CaptionExample[] examples = Enumerable.Range(0, 30).Select(i => Example($"a w{i % 7} on w{i}", $"the w{i % 5} on w{i}", $"a w{i % 7} by w{i % 3}")).ToArray();
        double[] forwards = [.. Cider.Score(examples).PerImage];
        Assert.Contains(forwards, score => score > 0.1);
        Assert.Equal(forwards.Reverse(), Cider.Score([.. examples.Reverse()]).PerImage);
    }

    [Fact]
    public void TheOwnReferencesAsDocumentFrequenciesChangeNothing()
    {
        CaptionExample[] examples = [Example("a man.", "A man", "a dog"), Example("the dog", "A dog!", "two dogs")];
        var given = DocumentFrequencies.Of([.. examples.Select(example => example.References)]);
        IReadOnlyList<CaptionExample> tokenized = CaptionScorer.Tokenize(examples);
        Assert.Equal(Cider.Score(tokenized).PerImage, Cider.Score(tokenized, CiderVariant.D, given).PerImage);
        Assert.Equal(2, given.Images);
    }

    [Theory]
    [InlineData(0, "at least one picture")]
    [InlineData(1, "stands twice", "7")]
    [InlineData(2, "at least one reference", "7")]
    public void SetsThatCanNotBeScoredAreRefused(int which, params string[] words)
    {
        CaptionExample[][] sets =
        [
            [],
            [new CaptionExample("7", "a", ["a"]), new CaptionExample("7", "b", ["b"])],
            [new CaptionExample("7", "a", [])],
        ];
        var error = Assert.Throws<InvalidInputException>(() => CaptionScorer.Score(sets[which]));
        Assert.All(words, word => Assert.Contains(word, error.Message, StringComparison.Ordinal));
    }

    private static CaptionExample Example(string candidate, params string[] references) => new(Guid.NewGuid().ToString(), candidate, references);
}
