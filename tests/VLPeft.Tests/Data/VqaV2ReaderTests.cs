using System.Text.Json;
using VLPeft.Data;
using VLPeft.TestData;
using Xunit;

namespace VLPeft.Tests.Data;

public sealed class VqaV2ReaderTests : IDisposable
{
    private static readonly string[] Ten = ["yes", "yes", "no", "yes", "yes", "yes", "yes", "yes", "yes", "maybe"];

    private readonly VqaFiles _files = new();

    public void Dispose() => _files.Dispose();

    [Fact]
    public void Examples_join_both_files_in_the_order_of_the_questions()
    {
        string questions = _files.Questions((30, 3, "Why?"), (10, 1, "Is it \"ä\"?"), (20, 1, "Who?"));
        string annotations = _files.Annotations((10, 1, Ten), (20, 1, ["two dogs"]), (30, 3, ["x", "y"]));

        IReadOnlyList<VqaExample> examples = VqaV2Reader.Read(questions, annotations);

        Assert.Equal([30, 10, 20], examples.Select(example => example.QuestionId));
        Assert.Equal([3, 1, 1], examples.Select(example => example.ImageId));
        Assert.Equal(["Why?", "Is it \"ä\"?", "Who?"], examples.Select(example => example.Question));
        Assert.Equal(Ten, examples[1].Answers);
        Assert.Equal(["two dogs"], examples[2].Answers);
        Assert.All(examples, example => Assert.Equal(("what", "other"), (example.QuestionType, example.AnswerType)));
        Assert.Equal(["x", "yes", "two dogs"], examples.Select(example => example.MultipleChoiceAnswer));
    }

    [Fact]
    public void A_test_split_has_no_answers()
    {
        VqaExample example = Assert.Single(VqaV2Reader.Read(_files.Questions((1, 2, "Why?"))));
        Assert.Equal((1, 2, "Why?", "", "", ""), (
            example.QuestionId, example.ImageId, example.Question, example.QuestionType, example.AnswerType, example.MultipleChoiceAnswer));
        Assert.Empty(example.Answers);
    }

    [Fact]
    public void Keys_may_come_in_any_order_and_optional_ones_be_absent()
    {
        string questions = _files.Write(
            "q.json", """{"questions": [{"extra": {"question_id": 9}, "question_id": 1, "question": "Why?", "image_id": 2}]}""");
        string annotations = _files.Write("a.json", """
            {"annotations": [{"question_id": 1, "answers": [{"answer_id": [1], "answer": "a\nb"}], "image_id": 2, "extra": [[{}]]}]}
            """);
        VqaExample example = Assert.Single(VqaV2Reader.Read(questions, annotations));
        Assert.Equal(["a\nb"], example.Answers);
        Assert.Equal(("", ""), (example.QuestionType, example.AnswerType));
    }

    [Fact]
    public void Equal_texts_are_one_object()
    {
        string questions = _files.Questions((1, 1, "Why?"), (2, 2, "Why?"));
        IReadOnlyList<VqaExample> examples = VqaV2Reader.Read(questions, _files.Annotations((1, 1, Ten), (2, 2, Ten)));
        Assert.Same(examples[0].Question, examples[1].Question);
        Assert.Same(examples[0].Answers[0], examples[1].Answers[1]);
        Assert.Same(examples[0].QuestionType, examples[1].QuestionType);
    }

    [Fact]
    public void Long_texts_are_read_whole()
    {
        string text = string.Concat(Enumerable.Repeat("very long ü ", 200)) + "?";
        Assert.Equal(text, Assert.Single(VqaV2Reader.Read(_files.Questions((1, 1, text)))).Question);
    }

    /// <summary>An independent reading by System.Text.Json's object model gives the same examples.</summary>
    [Theory]
    [InlineData("vqa", "v2_OpenEnded_mscoco_mini_{0}_questions.json", "v2_mscoco_mini_{0}_annotations.json")]
    [InlineData("object-vqa", "object_{0}_questions.json", "object_{0}_annotations.json")]
    public void Real_files_are_read_whole(string folder, string questionsName, string annotationsName)
    {
        foreach (string split in new[] { "train", "val", "test" })
        {
            string questions = SharedData.Require("datasets", "mini-coco", folder, string.Format(questionsName, split));
            string annotations = SharedData.Require("datasets", "mini-coco", folder, string.Format(annotationsName, split));
            using JsonDocument questionJson = JsonDocument.Parse(File.ReadAllText(questions));
            using JsonDocument annotationJson = JsonDocument.Parse(File.ReadAllText(annotations));
            Dictionary<long, JsonElement> annotationOf = annotationJson.RootElement.GetProperty("annotations").EnumerateArray()
                .ToDictionary(annotation => annotation.GetProperty("question_id").GetInt64());

            IReadOnlyList<VqaExample> examples = VqaV2Reader.Read(questions, annotations);

            JsonElement[] all = [.. questionJson.RootElement.GetProperty("questions").EnumerateArray()];
            Assert.Equal(all.Length, examples.Count);
            foreach ((JsonElement question, VqaExample example) in all.Zip(examples))
            {
                JsonElement annotation = annotationOf[example.QuestionId];
                Assert.Equal(question.GetProperty("question_id").GetInt64(), example.QuestionId);
                Assert.Equal(question.GetProperty("image_id").GetInt64(), example.ImageId);
                Assert.Equal(question.GetProperty("question").GetString(), example.Question);
                Assert.Equal(annotation.GetProperty("question_type").GetString(), example.QuestionType);
                Assert.Equal(annotation.GetProperty("answer_type").GetString(), example.AnswerType);
                Assert.Equal(annotation.GetProperty("multiple_choice_answer").GetString(), example.MultipleChoiceAnswer);
                Assert.Equal(
                    annotation.GetProperty("answers").EnumerateArray().Select(answer => answer.GetProperty("answer").GetString()),
                    example.Answers);
            }
        }
    }
}
