using CsCheck;
using VLPeft.Data;
using VLPeft.Evaluation;
using Xunit;

namespace VLPeft.Tests.Evaluation;

public sealed class VqaAccuracyTests
{
    private static readonly Gen<string> Answer = Gen.OneOf("yes", "Yes", "no", "two", "2", "a dog", "dog.", "left-right", "");

    private static readonly Gen<string[]> TenAnswers = Answer.Array[10];

    private static VqaExample Example(long id, string type, params string[] answers) =>
        new(id, 1, "Why?", $"q {type}", $"a {type}", answers);

    private static string[] Answers(int yes) => [.. Enumerable.Repeat("yes", yes), .. Enumerable.Repeat("no", 10 - yes)];

    private static string Message(params VqaPrediction[] predictions) => Assert.Throws<InvalidInputException>(
        () => VqaAccuracy.Evaluate([Example(1, "x", Answers(5)), Example(2, "x", Answers(5))], predictions)).Message;

    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 30)]
    [InlineData(2, 60)]
    [InlineData(3, 90)]
    [InlineData(4, 100)]
    [InlineData(9, 100)]
    [InlineData(10, 100)]
    public void One_answer_scores_by_how_many_gave_it(int yes, double percent) =>
        Assert.Equal(percent, 100 * VqaAccuracy.Score(Answers(yes), "yes"), 1e-9);

    [Fact]
    public void Nothing_is_processed_where_all_agree()
    {
        string[] yes = [.. Enumerable.Repeat("yes", 10)];
        Assert.Equal(0, VqaAccuracy.Score(yes, "Yes"));
        Assert.Equal(0, VqaAccuracy.Score(yes, "yes."));
        Assert.Equal(1, VqaAccuracy.Score(yes, " yes\n"));
        Assert.Equal(1, VqaAccuracy.Score([.. yes[1..], "yes\t"], "yes"));
        Assert.Equal(0, VqaAccuracy.Score([.. yes[1..], "yes\t"], "Yes"));
        Assert.Equal(1, VqaAccuracy.Score([.. yes[1..], "Yes"], "YES!"));
    }

    [Fact]
    public void VL_T5_processes_the_prediction_always_and_the_answers_by_half()
    {
        string[] two = [.. Enumerable.Repeat("two", 9), "2"];
        Assert.Equal(1, VqaAccuracy.Score(two, "two"));
        Assert.Equal(0.3, VqaAccuracy.Score(two, "two", VqaEvaluator.VlT5), 1e-12);
        string[] yes = [.. Enumerable.Repeat("yes", 10)];
        Assert.Equal(1, VqaAccuracy.Score(yes, "Yes.", VqaEvaluator.VlT5));
    }

    [Fact]
    public void Means_are_by_answer_type_and_question_type()
    {
        VqaExample[] examples = [Example(3, "y", Answers(10)), Example(1, "x", Answers(3)), Example(2, "y", Answers(1))];
        VqaAccuracyReport report = VqaAccuracy.Evaluate(examples, [new(1, "yes"), new(2, "yes"), new(3, "yes")]);

        Assert.Equal([3, 1, 2], report.PerQuestion.Select(score => score.QuestionId));
        Assert.Equal([100, 90, 30], report.PerQuestion.Select(score => score.Accuracy));
        Assert.Equal((73.33, 3), (report.Overall.Accuracy, report.Overall.Questions));
        Assert.Equal(220.0 / 3, report.Overall.Unrounded, 1e-9);
        Assert.Equal(
            [("a y", 65.0, 2), ("a x", 90.0, 1)],
            report.PerAnswerType.Select(pair => (pair.Key, pair.Value.Accuracy, pair.Value.Questions)));
        Assert.Equal(
            [("q y", 65.0, 2), ("q x", 90.0, 1)],
            report.PerQuestionType.Select(pair => (pair.Key, pair.Value.Accuracy, pair.Value.Questions)));
    }

    [Fact]
    public void Ties_go_away_from_zero_officially_and_to_even_in_VL_T5()
    {
        // 5 of 32 right is 15.625 percent.
        VqaExample[] examples = [.. Enumerable.Range(0, 32).Select(id => Example(id, "x", Answers(10)))];
        VqaPrediction[] predictions = [.. Enumerable.Range(0, 32).Select(id => new VqaPrediction(id, id < 5 ? "yes" : "no"))];
        Assert.Equal(15.63, VqaAccuracy.Evaluate(examples, predictions).Overall.Accuracy);
        Assert.Equal(15.62, VqaAccuracy.Evaluate(examples, predictions, VqaEvaluator.VlT5).Overall.Accuracy);
    }

    [Fact]
    public void Predictions_and_questions_must_match_one_to_one()
    {
        Assert.Contains("1 of 2 questions have no prediction: question_id 2.", Message(new VqaPrediction(1, "yes")));
        Assert.Contains("1 of 3 predictions have no question: question_id 9.", Message(new(1, "yes"), new(9, "yes"), new(2, "yes")));
        Assert.Contains("got two for question_id 1", Message(new(1, "yes"), new(1, "yes"), new(2, "yes")));
        Assert.Contains("2 of 2 questions have no prediction: question_id 1, 2.", Message());
    }

    [Fact]
    public void Wrong_questions_are_errors()
    {
        string Of(params VqaExample[] examples) =>
            Assert.Throws<InvalidInputException>(() => VqaAccuracy.Evaluate(examples, [new(1, "yes")])).Message;
        Assert.Contains("at least one question", Of());
        Assert.Contains("question_id 1 stands twice", Of(Example(1, "x", Answers(1)), Example(1, "x", Answers(1))));
        Assert.Contains("at least 4 annotators' answers (VQAv2 has ten), question_id 1 has 1", Of(Example(1, "x", "yes")));
        Assert.Contains("question_id 1 has 0", Of(Example(1, "x")));
        Assert.Throws<ArgumentOutOfRangeException>(() => VqaAccuracy.Score([], "yes"));
    }

    [Fact]
    public void Scores_are_of_five_values_and_no_order_of_the_annotators_matters() =>
        Gen.Select(TenAnswers, Answer, Gen.Shuffle(Enumerable.Range(0, 10).ToArray())).Sample((answers, prediction, order) =>
        {
            foreach (VqaEvaluator evaluator in Enum.GetValues<VqaEvaluator>())
            {
                double score = VqaAccuracy.Score(answers, prediction, evaluator);
                Assert.Contains(Math.Round(score, 12), new[] { 0, 0.3, 0.6, 0.9, 1 });
                Assert.Equal(score, VqaAccuracy.Score([.. order.Select(i => answers[i])], prediction, evaluator), 1e-12);
            }
        });

    [Fact]
    public void A_report_is_the_single_scores_put_together() =>
        Gen.Select(TenAnswers, Answer).Array[1, 20].Sample(questions =>
        {
            VqaExample[] examples = [.. questions.Select((question, id) => Example(id, (id % 3).ToString(), question.Item1))];
            VqaPrediction[] predictions = [.. questions.Select((question, id) => new VqaPrediction(id, question.Item2)).Reverse()];
            VqaAccuracyReport report = VqaAccuracy.Evaluate(examples, predictions);
            double[] scores = [.. questions.Select(question => 100 * VqaAccuracy.Score(question.Item1, question.Item2))];
            Assert.Equal(scores, report.PerQuestion.Select(score => score.Unrounded));
            Assert.Equal(scores.Average(), report.Overall.Unrounded, 1e-9);
            Assert.Equal(scores.Where((_, id) => id % 3 == 0).Average(), report.PerAnswerType["a 0"].Unrounded, 1e-9);
            Assert.Equal(examples.Length, report.PerQuestionType.Values.Sum(score => score.Questions));
        });
}
