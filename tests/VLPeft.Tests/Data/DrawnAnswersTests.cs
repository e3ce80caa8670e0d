using VLPeft.Data;
using Xunit;

namespace VLPeft.Tests.Data;

public sealed class DrawnAnswersTests
{
    private static VqaExample Question(params string[] answers) => new(5, 1, "x?", "", "", answers);

    [Fact]
    public void AnswersAreDrawnByTheirScores()
    {
        // 0.3, 0.9 and 1: shares 0.136, 0.409 and 0.455.
        var drawn = new DrawnAnswers([Question("cat", "dog", "dog", "dog", "cow", "cow", "cow", "cow", "cow", "cow")], seed: 3);
        (string Answer, double Weight)[] draws = [.. Enumerable.Range(0, 4000).Select(epoch => drawn.Draw(0, epoch))];
        foreach ((string answer, double score) in new[] { ("cat", 0.3), ("dog", 0.9), ("cow", 1.0) })
        {
            Assert.InRange(draws.Count(draw => draw.Answer == answer) / 4000.0, score / 2.2 - 0.03, score / 2.2 + 0.03);
            Assert.All(draws.Where(draw => draw.Answer == answer), draw => Assert.Equal(score, draw.Weight));
        }
        Assert.Equal(("cow", 1), drawn.Best(0));
    }

    [Fact]
    public void ADrawFollowsFromSeedEpochAndQuestionAlone()
    {
        VqaExample[] questions = [.. Enumerable.Range(0, 40).Select(_ => Question("a", "b"))];
        string Draws(ulong seed, int epoch) => string.Concat(Enumerable.Range(0, 40).Select(row => new DrawnAnswers(questions, seed).Draw(row, epoch).Answer));
        Assert.Equal(Draws(1, 2), Draws(1, 2));
        Assert.Equal(3, new[] { Draws(1, 2), Draws(1, 3), Draws(2, 2) }.Distinct().Count());
        Assert.InRange(Draws(1, 2).Count(answer => answer == 'a'), 8, 32);
    }

    [Fact]
    public void AQuestionWithoutAnswersIsNamed() =>
        Assert.Contains("question_id 5", Assert.Throws<InvalidInputException>(() => new DrawnAnswers([Question()], 1)).Message, StringComparison.Ordinal);
}
