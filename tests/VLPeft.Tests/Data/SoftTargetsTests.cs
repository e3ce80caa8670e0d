using CsCheck;
using VLPeft.Data;
using VLPeft.Evaluation;
using Xunit;

namespace VLPeft.Tests.Data;

public sealed class SoftTargetsTests
{
    private static readonly Gen<string[]> TenAnswers = Gen.OneOf("a", "b", "c", "d", "e").Array[10];

    private static VqaExample Example(long id, params string[] answers) => new(id, 1, "Why?", "", "", answers);

    [Fact]
    public void Scores_are_the_literals()
    {
        Assert.Equal([0, 0.3, 0.6, 0.9, 1, 1, 1, 1, 1, 1, 1], Enumerable.Range(0, 11).Select(SoftTargets.Score));
        Assert.Equal([("b", 0.6), ("a", 0.3), ("B", 0.3)], SoftTargets.Of(["b", "a", "b", "B"]));
    }

    [Fact]
    public void Rows_hold_the_vocabularys_answers_alone()
    {
        var vocabulary = new AnswerVocabulary(["yes", "no", "maybe"]);
        var targets = new SoftTargets(
            [
                Example(1, "no", "yes", "no", "no", "perhaps", "Yes", "no", "no", "no", "no"),
                Example(2, "perhaps", "perhaps"),
                Example(3, "maybe", "yes", "yes", "maybe", "maybe"),
                Example(4),
            ], vocabulary);

        Assert.Equal((4, 3), (targets.Count, targets.Classes));
        Assert.Equal([1, 0], targets.Indices(0));
        Assert.Equal([1f, 0.3f], targets.ScoresOf(0));
        Assert.Equal(0, targets.Indices(1).Length + targets.ScoresOf(1).Length);
        Assert.Equal([2, 0], targets.Indices(2));
        Assert.Equal([0.9f, 0.6f], targets.ScoresOf(2));

        var row = new float[] { 9, 9, 9 };
        targets.Fill(0, row);
        Assert.Equal([0.3f, 1, 0], row);
        targets.Fill(1, row);
        Assert.Equal([0, 0, 0], row);
        targets.Fill(2, row);
        Assert.Equal([0.6f, 0, 0.9f], row);
        Assert.Throws<ArgumentException>(() => targets.Fill(0, new float[4]));
    }

    [Fact]
    public void Coverage_counts_what_is_dropped()
    {
        var targets = new SoftTargets(
            [Example(5, "yes", "yes", "x"), Example(6, "x"), Example(7), Example(8, "no", "no", "no", "no")],
            new AnswerVocabulary(["yes", "no"]));
        AnswerCoverage coverage = targets.Coverage;
        Assert.Equal((4, 8L, 6L), (coverage.Examples, coverage.Answers, coverage.AnswersKept));
        Assert.Equal([6, 7], coverage.Without);
        Assert.Equal((0.6 + 0 + 0 + 1) / 4, coverage.Ceiling, 1e-7);
        Assert.Equal(
            "6 of 8 answers are in the vocabulary; 2 of 4 questions have none there; the best possible accuracy is 40.00",
            coverage.ToString());
    }

    [Fact]
    public void No_examples_are_no_error() => Assert.Equal(0, new SoftTargets([], new AnswerVocabulary(["yes"])).Coverage.Ceiling);

    /// <summary>The target of an answer is the accuracy that the evaluator gives it.</summary>
    [Fact]
    public void Scores_are_the_official_accuracy() => TenAnswers.Sample(answers =>
    {
        foreach ((string answer, double score) in SoftTargets.Of(answers))
            Assert.Equal(VqaAccuracy.Score(answers, answer), score, 1e-12);
    });

    [Fact]
    public void Sparse_rows_agree_with_the_targets_without_vocabulary() => TenAnswers.Sample(answers =>
    {
        var vocabulary = new AnswerVocabulary(["e", "c", "a"]);
        var targets = new SoftTargets([Example(0, "c"), Example(1, answers)], vocabulary);
        Assert.Equal(
            SoftTargets.Of(answers).Where(pair => vocabulary.IndexOf(pair.Answer) >= 0)
                .Select(pair => (vocabulary.IndexOf(pair.Answer), (float)pair.Score)),
            targets.Indices(1).ToArray().Zip(targets.ScoresOf(1).ToArray()));
    });
}
