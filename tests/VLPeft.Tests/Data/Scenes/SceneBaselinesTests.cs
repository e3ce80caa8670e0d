using VLPeft.Data;
using VLPeft.Data.Scenes;
using Xunit;

namespace VLPeft.Tests.Data.Scenes;

public class SceneBaselinesTests
{
    private static readonly VqaExample[] Training =
    [
        Example(1, "how many?", "2", "2", "3"),
        Example(2, "how many?", "1", "3", "3"),
        Example(3, "is it?", "yes", "yes", "no"),
        Example(4, "where?"),
    ];

    private static readonly VqaExample[] Questions =
        [Example(10, "is it?", "no", "no"), Example(11, "how many?"), Example(12, "never met?"), Example(13, "where?")];

    [Fact]
    public void Majority_is_one_answer_for_all()
    {
        // "3" was given three times.
        IReadOnlyDictionary<long, string> predictions = SceneBaselines.Majority(Training, Questions);
        Assert.Equal([10L, 11, 12, 13], predictions.Keys.Order());
        Assert.All(predictions.Values, answer => Assert.Equal("3", answer));
    }

    [Fact]
    public void Majority_per_question_falls_back_to_the_majority()
    {
        IReadOnlyDictionary<long, string> predictions = SceneBaselines.MajorityPerQuestion(Training, Questions);
        Assert.Equal("yes", predictions[10]);
        Assert.Equal("3", predictions[11]);
        Assert.Equal("3", predictions[12]);
        Assert.Equal("3", predictions[13]);
    }

    [Fact]
    public void Ties_do_not_depend_on_the_order()
    {
        VqaExample[] tied = [Example(1, "a?", "2"), Example(2, "a?", "1")];
        Assert.Equal("1", SceneBaselines.Majority(tied, Questions)[10]);
        Assert.Equal("1", SceneBaselines.MajorityPerQuestion([.. tied.Reverse()], [Example(5, "a?")])[5]);
    }

    [Fact]
    public void Training_questions_without_answers_are_an_error()
    {
        Assert.Throws<ArgumentException>(() => SceneBaselines.Majority([Example(1, "a?")], Questions));
        Assert.Throws<ArgumentException>(() => SceneBaselines.MajorityPerQuestion([], Questions));
    }

    private static VqaExample Example(long id, string question, params string[] answers) => new(id, 1, question, "", "", answers);
}
