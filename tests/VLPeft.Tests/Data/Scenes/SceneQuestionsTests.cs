using VLPeft.Data;
using VLPeft.Data.Scenes;
using Xunit;

namespace VLPeft.Tests.Data.Scenes;

public class SceneQuestionsTests
{
    private static readonly SceneOptions Options = new();
    private static readonly Lazy<SceneItem[]> Train = new(() => [.. SceneItems.Of(Options, SceneSplit.Train)]);
    private static readonly Lazy<SceneItem[]> Test = new(() => [.. SceneItems.Of(Options, SceneSplit.Test)]);

    [Fact]
    public void Every_answer_is_the_only_true_one()
    {
        foreach (SceneItem item in Train.Value)
        {
            SceneOracle.Thing[] things = [.. item.Scene.Objects.Select(each =>
                new SceneOracle.Thing(each.Position.Name(), each.Object.Shape.Name(), each.Object.Color.Name(), each.Object.Size.Name()))];
            foreach (SceneAnnotation annotation in item.Annotations)
            {
                SceneQuestion question = annotation.Question;
                Assert.Equal((question.TypeName, question.Answer), SceneOracle.Answer(question.Text, item.Scene.Background.Name(), things));
            }
        }
    }

    [Fact]
    public void There_are_9_types_in_3_wordings_and_26_answers()
    {
        SceneQuestion[] questions = [.. Train.Value.SelectMany(item => item.Annotations).Select(annotation => annotation.Question)];
        Assert.Equal(26, SceneAnswers.All.Count);
        Assert.Equal(26, SceneAnswers.All.Distinct().Count());
        Assert.Equal(SceneAnswers.All.Order(), questions.Select(question => question.Answer).Distinct().Order());
        Assert.All(questions, question => Assert.Contains(question.Answer, SceneAnswers.OfKind(question.AnswerKind)));
        Dictionary<SceneQuestionType, int> shares = questions.GroupBy(question => question.Type).ToDictionary(
            group => group.Key, group => 1000 * group.Count() / questions.Length);
        Assert.Equal(9, shares.Count);
        Assert.All(shares.Values, share => Assert.InRange(share, 40, 180));
        int WordingsOf(SceneQuestionType type) =>
            questions.Where(question => question.Type == type).Select(question => question.Text).Distinct().Count();
        Assert.Equal(3, WordingsOf(SceneQuestionType.Background));
        Assert.Equal(3 * 4, WordingsOf(SceneQuestionType.What));
        Assert.Equal(["number", "other", "yes/no"], questions.Select(question => question.AnswerType).Distinct().Order());
    }

    [Fact]
    public void Questions_about_a_picture_differ()
    {
        Assert.All(Train.Value, item =>
        {
            Assert.Equal(6, item.Annotations.Count);
            Assert.Equal(6, item.Annotations.Select(annotation => annotation.Question.Text).Distinct().Count());
            Assert.Equal(6, item.Annotations.Select(annotation => annotation.Question.Type).Distinct().Count());
        });
    }

    [Fact]
    public void The_poorest_scene_has_enough_questions()
    {
        const int most = SceneQuestions.MaximumPerScene;
        var scene = new Scene(SceneBackground.Black, null, null, new SceneObject(SceneShape.Cross, SceneColor.Cyan, SceneSize.Large), null);
        for (ulong seed = 0; seed < 100; seed++)
        {
            IReadOnlyList<SceneQuestion> questions = SceneQuestions.Draw(scene, most, new SceneRandom(seed));
            Assert.Equal(most, questions.Select(question => question.Text).Distinct().Count());
        }
        Assert.Throws<ArgumentOutOfRangeException>(() => SceneQuestions.Draw(scene, most + 1, new SceneRandom(1)));
        Assert.Throws<ArgumentOutOfRangeException>(() => SceneQuestions.Draw(scene, 0, new SceneRandom(1)));
    }

    [Fact]
    public void A_question_has_at_most_14_tokens_with_the_two_special_ones()
    {
        string[] texts = [.. Train.Value.SelectMany(item => item.Annotations).Select(annotation => annotation.Question.Text).Distinct()];
        Assert.Equal(14, texts.Max(text => Tokens(text).Length + 2));
        Assert.All(texts, text => Assert.Equal(text.Length - 1, text.IndexOf('?', StringComparison.Ordinal)));
    }

    [Fact]
    public void The_vocabulary_is_exactly_the_words_in_use()
    {
        IEnumerable<string> texts = Train.Value.SelectMany(item =>
            item.Annotations.Select(each => each.Question.Text).Concat(item.Captions));
        IEnumerable<string> words = texts.SelectMany(Tokens).Distinct();
        Assert.Equal(SceneVocabulary.Words.Order(StringComparer.Ordinal), words.Order(StringComparer.Ordinal));
        Assert.InRange(SceneVocabulary.Words.Count, 70, 85);
    }

    [Fact]
    public void The_answers_alone_give_little()
    {
        VqaExample[] training = Examples(Train.Value);
        VqaExample[] test = Examples(Test.Value);
        double majority = Score(test, SceneBaselines.Majority(training, test));
        double perQuestion = Score(test, SceneBaselines.MajorityPerQuestion(training, test));
        // design/embedded-benchmark.md: 14.6 and 37.4.
        Assert.InRange(majority, 13, 16.5);
        Assert.InRange(perQuestion, 35.5, 39.5);
    }

    [Fact]
    public void Yes_is_as_frequent_as_no_in_every_wording()
    {
        IEnumerable<IGrouping<string, SceneQuestion>> wordings = Train.Value.SelectMany(item => item.Annotations)
            .Select(annotation => annotation.Question)
            .Where(question => question.AnswerKind == SceneAnswerKind.YesNo)
            .GroupBy(question => question.Text);
        // How far each is from even, in standard deviations of a fair coin.
        double[] z = [.. wordings.Select(group =>
            (group.Count(question => question.Answer == "yes") - group.Count() / 2.0) / Math.Sqrt(group.Count() / 4.0))];
        Assert.True(z.Length > 200);
        Assert.InRange(Math.Sqrt(z.Average(value => value * value)), 0.8, 1.3);
    }

    [Fact]
    public void Annotators_confuse_6_percent_inside_the_kind_of_answer()
    {
        SceneAnnotation[] annotations = [.. Train.Value.SelectMany(item => item.Annotations)];
        Assert.All(annotations, annotation => Assert.Equal(10, annotation.Answers.Length));
        foreach (IGrouping<SceneAnswerKind, SceneAnnotation> kind in annotations.GroupBy(annotation => annotation.Question.AnswerKind))
        {
            string[] wrong = [.. kind.SelectMany(annotation => annotation.Answers.Where(answer => answer != annotation.Question.Answer))];
            Assert.InRange(wrong.Length / (10.0 * kind.Count()), 0.05, 0.07);
            Assert.Equal(SceneAnswers.OfKind(kind.Key).Order(), wrong.Distinct().Order());
        }
        double rate = annotations.Average(annotation => annotation.Answers.Count(answer => answer != annotation.Question.Answer)) / 10;
        Assert.InRange(rate, 0.058, 0.062);
    }

    [Fact]
    public void The_most_common_answer_is_the_true_one_among_equals()
    {
        Assert.Equal("no", SceneAnswers.MostCommon(["yes", "no", "no"], "yes"));
        Assert.Equal("yes", SceneAnswers.MostCommon(["no", "yes"], "yes"));
        Assert.Equal("2", SceneAnswers.MostCommon(["2", "3"], "1"));
    }

    internal static VqaExample[] Examples(IEnumerable<SceneItem> items) =>
        [.. items.SelectMany(item => item.Annotations.Select(annotation => new VqaExample(annotation.QuestionId, item.ImageId,
            annotation.Question.Text, annotation.Question.TypeName, annotation.Question.AnswerType, annotation.Answers)))];

    // The official accuracy without its text normalization: for each annotator, a third of the other annotators who agree, at most 1.
    private static double Score(VqaExample[] examples, IReadOnlyDictionary<long, string> predictions) => 100 * examples.Average(example =>
    {
        string predicted = predictions[example.QuestionId];
        int agree = example.Answers.Count(answer => answer == predicted);
        return example.Answers.Average(answer => Math.Min(1, (agree - (answer == predicted ? 1 : 0)) / 3.0));
    });

    private static string[] Tokens(string text) => text.Replace("?", " ?", StringComparison.Ordinal).Split(' ');
}
