using VLPeft.Data;
using VLPeft.Evaluation;
using VLPeft.TestData;
using Xunit;

namespace VLPeft.Tests.Data;

public sealed class EasyVqaReaderTests : IDisposable
{
    private readonly VqaFiles _files = new();

    public void Dispose() => _files.Dispose();

    [Fact]
    public void Each_line_becomes_an_example_of_ten_equal_answers()
    {
        _files.Write("train/questions.json", """
            [["what is the red shape?", "triangle", 7], ["what color is the shape?", "red", 7], ["is a blue shape present?", "no", 0],
             ["is no blue shape present?", "yes", 0], ["does the image not contain a circle?", "yes", 2]]
            """);
        IReadOnlyList<VqaExample> examples = EasyVqaReader.Read(_files.Folder, "train");

        Assert.Equal([0, 1, 2, 3, 4], examples.Select(example => example.QuestionId));
        Assert.Equal([7, 7, 0, 0, 2], examples.Select(example => example.ImageId));
        Assert.Equal("what is the red shape?", examples[0].Question);
        Assert.Equal(Enumerable.Repeat("triangle", 10), examples[0].Answers);
        Assert.Equal(
            ["what shape", "what color", "is there", "is there not", "is there not"],
            examples.Select(example => example.QuestionType));
        Assert.Equal(["other", "other", "yes/no", "yes/no", "yes/no"], examples.Select(example => example.AnswerType));
        VqaPrediction[] predictions = [.. examples.Select(example => new VqaPrediction(example.QuestionId, "triangle"))];
        Assert.Equal([100, 0, 0, 0, 0], VqaAccuracy.Evaluate(examples, predictions).PerQuestion.Select(score => score.Accuracy));
    }

    [Theory]
    [InlineData("""[["why?", "red"]]""", "expected a whole number as \"picture id\", came the end of the array")]
    [InlineData("""[["why?", "red", 1, 2]]""", "expected the end of the array after the picture id, came a number")]
    [InlineData("""[["why?", 3, 1]]""", "expected text as \"answer\", came a number")]
    [InlineData("""[["a?", "red", 1], [" ", "red", 1]]""", "question number 2: the question or its answer is empty")]
    [InlineData("""[["why?", "", 1]]""", "question number 1: the question or its answer is empty")]
    [InlineData("""[{"question": "why?"}]""", "expected an array [question, answer, picture id], came an object")]
    [InlineData("""{"questions": []}""", "expected a JSON array of questions, came an object")]
    [InlineData("[]", "at least one question, found none")]
    [InlineData("""[["why?", "red", 1]""", "cut short")]
    public void Wrong_files_are_errors(string json, string expected)
    {
        string path = _files.Write("test/questions.json", json);
        var error = Assert.Throws<InvalidInputException>(() => EasyVqaReader.Read(_files.Folder, "test"));
        Assert.StartsWith(path, error.Message);
        Assert.Contains(expected, error.Message);
    }

    [Fact]
    public void An_unknown_split_is_named_with_those_there_are()
    {
        _files.Write("test/questions.json", "[]");
        _files.Write("train/questions.json", "[]");
        var error = Assert.Throws<InvalidInputException>(() => EasyVqaReader.Read(_files.Folder, "val"));
        Assert.Contains("split \"val\" in it, found test, train", error.Message);
        Assert.Contains(
            "found none",
            Assert.Throws<InvalidInputException>(() => EasyVqaReader.Images(_files.Path("nowhere"), "val")).Message);
    }

    [Theory]
    [InlineData("train", 38575, 28407, 4000)]
    [InlineData("test", 9673, 7136, 1000)]
    public void The_official_data_has_the_counts_of_its_README(string split, int questions, int yesNo, int images)
    {
        string folder = SharedData.Require("datasets", "easy-vqa");
        IReadOnlyList<VqaExample> examples = EasyVqaReader.Read(folder, split);
        FolderImageSource source = EasyVqaReader.Images(folder, split);

        Assert.Equal(questions, examples.Count);
        Assert.Equal(yesNo, examples.Count(example => example.AnswerType == "yes/no"));
        Assert.Equal(images, source.Count);
        source.RequireAll(examples);
        var vocabulary = AnswerVocabulary.Load(Path.Combine(folder, "answers.txt"));
        Assert.Equal(vocabulary.Order(StringComparer.Ordinal), AnswerVocabulary.Build(examples, 1).Order(StringComparer.Ordinal));
        Assert.Equal(1, new SoftTargets(examples, vocabulary).Coverage.Ceiling);
        Assert.Equal(
            ["is there", "is there not", "what color", "what shape"],
            examples.Select(example => example.QuestionType).Distinct().Order());
    }
}
