using VLPeft.Data;
using Xunit;

namespace VLPeft.Tests.Data;

public sealed class VqaV2ReaderErrorTests : IDisposable
{
    private readonly VqaFiles _files = new();

    public void Dispose() => _files.Dispose();

    /// <summary>Reads, expects an error that starts with the file at fault, and gives what follows.</summary>
    private static string Error(string file, string questions, string? annotations = null)
    {
        var error = Assert.Throws<InvalidInputException>(() => VqaV2Reader.Read(questions, annotations));
        Assert.StartsWith(file, error.Message);
        return error.Message[file.Length..];
    }

    [Fact]
    public void An_annotation_without_question_is_named()
    {
        string questions = _files.Questions((1, 1, "Why?"));
        string annotations = _files.Annotations((1, 1, ["a"]), (2, 1, ["a"]));
        string error = Error(annotations, questions, annotations);
        Assert.Contains("annotation number 2 (question_id 2)", error);
        Assert.Contains(questions, error);
    }

    [Fact]
    public void Questions_without_annotation_are_counted_and_the_first_named()
    {
        string questions = _files.Questions([.. Enumerable.Range(1, 9).Select(id => ((long)id, 1L, "Why?"))]);
        string annotations = _files.Annotations((3, 1, ["a"]));
        Assert.Contains("each of 9 questions, found none for 8: question_id 1, 2, 4, 5, 6, ….", Error(annotations, questions, annotations));
    }

    [Fact]
    public void A_question_id_that_stands_twice_is_named()
    {
        string questions = _files.Questions((1, 1, "Why?"), (2, 1, "Why?"), (1, 2, "Who?"));
        Assert.Contains("question number 3 (question_id 1): this id came already as number 1", Error(questions, questions));
    }

    [Fact]
    public void A_second_annotation_of_a_question_is_named()
    {
        string questions = _files.Questions((1, 1, "Why?"));
        string annotations = _files.Annotations((1, 1, ["a"]), (1, 1, ["a"]));
        Assert.Contains(
            "annotation number 2 (question_id 1): expected one annotation a question",
            Error(annotations, questions, annotations));
    }

    [Theory]
    [InlineData("")]
    [InlineData(" \t")]
    public void An_empty_question_is_named(string text)
    {
        string questions = _files.Questions((1, 1, "Why?"), (7, 1, text));
        Assert.Contains("question number 2 (question_id 7): the question is empty", Error(questions, questions));
    }

    [Fact]
    public void Different_pictures_in_the_two_files_are_named()
    {
        string questions = _files.Questions((1, 5, "Why?"));
        string annotations = _files.Annotations((1, 6, ["a"]));
        Assert.Contains("(question_id 1): image_id is 6, but 5 in", Error(annotations, questions, annotations));
    }

    [Fact]
    public void No_question_at_all_is_an_error()
    {
        string questions = _files.Questions();
        Assert.Contains("at least one question, found none", Error(questions, questions));
    }

    [Theory]
    [InlineData("""{"image_id": 1, "question": "Why?"}""", "question number 1: expected the key \"question_id\"")]
    [InlineData("""{"question_id": 4, "question": "Why?"}""", "(question_id 4): expected the key \"image_id\"")]
    [InlineData("""{"question_id": 4, "image_id": 1}""", "(question_id 4): expected the key \"question\"")]
    [InlineData("""{"question_id": "4"}""", "expected a whole number as \"question_id\", came text")]
    [InlineData("""{"question_id": 4.5}""", "expected a whole number as \"question_id\", came another number")]
    [InlineData("""{"question_id": 4, "image_id": null}""", "(question_id 4): expected a whole number as \"image_id\", came null")]
    [InlineData("""{"question_id": 4, "question": ["Why?"]}""", "(question_id 4): expected text as \"question\", came an array")]
    [InlineData("""{"question_id": 4, "question": "\ud800"}""", "(question_id 4): \"question\" is not valid Unicode")]
    [InlineData("\"Why?\"", "expected an object with question_id, image_id and question, came text")]
    public void A_wrong_question_is_named_with_what_was_expected(string record, string expected)
    {
        string questions = _files.Write("q.json", $$"""{"questions": [{{record}}]}""");
        Assert.Contains(expected, Error(questions, questions));
    }

    [Theory]
    [InlineData("""{"image_id": 1, "answers": [{"answer": "a"}]}""", "annotation number 1: expected the key \"question_id\"")]
    [InlineData("""{"question_id": 4, "answers": [{"answer": "a"}]}""", "(question_id 4): expected the key \"image_id\"")]
    [InlineData("""{"question_id": 4, "image_id": 1}""", "(question_id 4): expected the key \"answers\"")]
    [InlineData("""{"question_id": 4, "answers": []}""", "(question_id 4): expected at least one answer")]
    [InlineData("""{"question_id": 4, "answers": "a"}""", "(question_id 4): expected an array as \"answers\", came text")]
    [InlineData(
        """{"question_id": 4, "answers": ["a"]}""",
        "expected an object with the key answer as an element of \"answers\", came text")]
    [InlineData("""{"question_id": 4, "answers": [{"answer": 2}]}""", "expected text as \"answer\", came a number")]
    [InlineData("""{"question_id": 4, "answers": [{"answer_id": 2}]}""", "expected the key \"answer\"")]
    [InlineData("""{"question_id": 4, "question_type": 1}""", "expected text as \"question_type\", came a number")]
    [InlineData("[]", "expected an object with question_id, image_id and answers, came an array")]
    public void A_wrong_annotation_is_named_with_what_was_expected(string record, string expected)
    {
        string questions = _files.Questions((4, 1, "Why?"));
        string annotations = _files.Write("a.json", $$"""{"annotations": [{{record}}]}""");
        Assert.Contains(expected, Error(annotations, questions, annotations));
    }

    [Fact]
    public void The_two_files_exchanged_are_told_by_their_keys()
    {
        string questions = _files.Questions((1, 1, "Why?"));
        string annotations = _files.Annotations((1, 1, ["a"]));
        Assert.Contains(
            "key \"questions\" holds an array of questions, came an object without that key",
            Error(annotations, annotations, questions));
    }

    [Theory]
    [InlineData(0.5)]
    [InlineData(0.99)]
    public void A_file_cut_short_is_an_error(double share)
    {
        string questions = _files.Questions((1, 1, "Why?"));
        string annotations = _files.Annotations((1, 1, ["a", "b"]));
        foreach (string path in new[] { annotations, questions })
        {
            string whole = File.ReadAllText(path);
            File.WriteAllText(path, whole[..(int)(whole.Length * share)]);
            Assert.Contains("is the file damaged or cut short?", Error(path, questions, annotations));
        }
    }

    [Fact]
    public void Missing_files_are_named()
    {
        string nowhere = _files.Path("nowhere.json");
        Assert.Equal(": no such file.", Error(nowhere, nowhere));
        Assert.Equal(": no such file.", Error(nowhere, _files.Questions((1, 1, "Why?")), nowhere));
    }
}
