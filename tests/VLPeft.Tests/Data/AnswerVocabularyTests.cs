using VLPeft.Data;
using VLPeft.TestData;
using Xunit;

namespace VLPeft.Tests.Data;

public sealed class AnswerVocabularyTests : IDisposable
{
    private readonly VqaFiles _files = new();

    public void Dispose() => _files.Dispose();

    private static string Message(Action action) => Assert.Throws<InvalidInputException>(action).Message;

    private static string Message(Func<object?> action) => Assert.Throws<InvalidInputException>(action).Message;

    private static VqaExample Example(string multipleChoice, params string[] answers) =>
        new(1, 1, "Why?", "", "", answers) { MultipleChoiceAnswer = multipleChoice };

    [Fact]
    public void Answers_are_found_by_index_and_indices_by_exact_answer()
    {
        var vocabulary = new AnswerVocabulary(["yes", "no", ""]);
        Assert.Equal(3, vocabulary.Count);
        Assert.Equal("no", vocabulary[1]);
        Assert.Equal([0, 1, 2, -1, -1], new[] { "yes", "no", "", "Yes", "yes " }.Select(vocabulary.IndexOf));
        Assert.Equal(["yes", "no", ""], vocabulary);
    }

    [Fact]
    public void Empty_and_doubled_vocabularies_are_errors()
    {
        Assert.Contains("at least one answer", Message(() => new AnswerVocabulary([])));
        Assert.Contains("0 and 2 are \"a\"", Message(() => new AnswerVocabulary(["a", "b", "a"])));
    }

    [Fact]
    public void One_processed_common_answer_a_question_is_counted()
    {
        VqaExample[] examples =
        [
            // The data set's own common answer wins over the answers, and is processed.
            Example("The dog.", "cat", "cat"), Example("dog", "cat"), Example("Dog", "cat"),
            // The most frequent one where the data set names none, the first of several.
            Example("", "x", "two", "two"), Example("", "2", "y"), Example("", "z", "2", "2", "z"),
            Example("b"), Example("b"), Example("a"), Example("a"), Example("A"), Example("the"),
        ];
        Assert.Equal([""], AnswerVocabulary.Build(examples, 4));
        Assert.Equal(["", "dog"], AnswerVocabulary.Build(examples, 3));
        // "a" and "the" become the empty answer, which counts like any other.
        Assert.Equal(["", "dog", "2", "b", "z"], AnswerVocabulary.Build(examples, 1));
        Assert.Equal(["", "dog", "2", "b"], AnswerVocabulary.Build(examples, 2));
    }

    [Fact]
    public void Equally_frequent_answers_come_in_ordinal_order() => Assert.Equal(
        ["b", "b2", "c", "é"], AnswerVocabulary.Build([Example("é"), Example("c"), Example("b"), Example("b2")], 1));

    [Fact]
    public void Too_rare_answers_and_missing_ones_are_errors()
    {
        Assert.Contains(
            "at least 3 questions, the most frequent of 1 is that of 2",
            Message(() => AnswerVocabulary.Build([Example("b"), Example("b")], 3)));
        Assert.Contains("the most frequent of 0 is that of 0", Message(() => AnswerVocabulary.Build([], 1)));
        Assert.Contains("question_id 1 has no answers", Message(() => AnswerVocabulary.Build([Example("")], 1)));
        Assert.Throws<ArgumentOutOfRangeException>(() => AnswerVocabulary.Build([Example("b")], 0));
    }

    [Theory]
    [InlineData("answers.json")]
    [InlineData("answers.txt")]
    public void What_is_saved_is_loaded(string name)
    {
        var vocabulary = new AnswerVocabulary(["yes", "can't \"tell\"", "café & bar", "2"]);
        vocabulary.Save(_files.Path("new", name));
        Assert.Equal(vocabulary, AnswerVocabulary.Load(_files.Path("new", name)));
        Assert.Contains("café & bar", File.ReadAllText(_files.Path("new", name)));
    }

    [Fact]
    public void The_empty_answer_needs_JSON()
    {
        var vocabulary = new AnswerVocabulary(["yes", ""]);
        vocabulary.Save(_files.Path("answers.json"));
        Assert.Equal(vocabulary, AnswerVocabulary.Load(_files.Path("answers.json")));
        Assert.Contains("can't be a line of its own", Message(() => vocabulary.Save(_files.Path("answers.txt"))));
        Assert.Contains("can't be a line of its own", Message(() => new AnswerVocabulary(["a\nb"]).Save(_files.Path("answers.txt"))));
        Assert.False(File.Exists(_files.Path("answers.txt")));
    }

    [Fact]
    public void The_index_form_is_loaded() =>
        Assert.Equal(["yes", "", "no"], AnswerVocabulary.Load(_files.Write("trainval_ans2label.json", """{"": 1, "no": 2, "yes": 0}""")));

    [Fact]
    public void Lines_may_end_as_Windows_ends_them() =>
        Assert.Equal(["yes", "no"], AnswerVocabulary.Load(_files.Write("a.txt", "yes\r\nno")));

    [Theory]
    [InlineData("a.json", "[]", "at least one answer")]
    [InlineData("a.json", "{}", "at least one answer")]
    [InlineData("a.json", """["a", "b", "a"]""", "0 and 2 are \"a\"")]
    [InlineData("a.json", """["a", 2]""", "came a number in it")]
    [InlineData("a.json", "7", "came a number")]
    [InlineData("a.json", """["a" """, "expected valid JSON")]
    [InlineData("a.json", """{"a": 0, "b": 0}""", "\"a\" and \"b\" both have 0")]
    [InlineData("a.json", """{"a": 1, "b": 2}""", "the index of \"b\" among 0 … 1, came 2")]
    [InlineData("a.json", """{"a": 0, "b": -1}""", "came -1")]
    [InlineData("a.json", """{"a": 0, "b": 0.5}""", "came 0.5")]
    [InlineData("a.json", """{"a": "0"}""", "came \"0\"")]
    [InlineData("a.json", """{"a": 0, "a": 1}""", "are \"a\"")]
    [InlineData("a.txt", "", "at least one answer")]
    [InlineData("a.txt", "yes\n\nno\n", "line 2, which is blank")]
    [InlineData("a.txt", "yes\nno\nyes\n", "0 and 2 are \"yes\"")]
    [InlineData("a.pkl", "", "to end in .json or .txt")]
    public void Wrong_files_are_errors(string name, string content, string expected)
    {
        string path = _files.Write(name, content);
        string error = Message(() => AnswerVocabulary.Load(path));
        Assert.StartsWith(path, error);
        Assert.Contains(expected, error);
    }

    [Fact]
    public void Missing_files_and_other_endings_are_errors()
    {
        Assert.Contains("no such file", Message(() => AnswerVocabulary.Load(_files.Path("nowhere.json"))));
        Assert.Contains("no such file", Message(() => AnswerVocabulary.Load(_files.Path("nowhere.txt"))));
        Assert.Contains("to end in .json or .txt", Message(() => new AnswerVocabulary(["a"]).Save(_files.Path("a.csv"))));
    }

    [Fact]
    public void Object_vqa_has_85_answers_and_its_test_split_one_more()
    {
        AnswerVocabulary vocabulary = AnswerVocabulary.Build([.. ObjectVqa("train"), .. ObjectVqa("val")], 1);
        Assert.Equal(85, vocabulary.Count);
        IReadOnlyList<VqaExample> test = ObjectVqa("test");
        Assert.Equal(
            test.Where(example => vocabulary.IndexOf(example.Answers[0]) < 0).Select(example => example.QuestionId),
            new SoftTargets(test, vocabulary).Coverage.Without);
        Assert.Single(test.Select(example => example.Answers[0]).Except(vocabulary));
    }

    private static IReadOnlyList<VqaExample> ObjectVqa(string split) => VqaV2Reader.Read(
        SharedData.Require("datasets", "mini-coco", "object-vqa", $"object_{split}_questions.json"),
        SharedData.Require("datasets", "mini-coco", "object-vqa", $"object_{split}_annotations.json"));
}
