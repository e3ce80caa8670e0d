using System.Text.Json;
using VLPeft.Evaluation;
using VLPeft.Tests.Data;
using Xunit;

namespace VLPeft.Tests.Evaluation;

public sealed class VqaResultFileTests : IDisposable
{
    private static readonly VqaPrediction[] Predictions = [new(393284000, "yes"), new(7, "café \"x\"\n<b>"), new(long.MaxValue, "")];

    private readonly VqaFiles _files = new();

    public void Dispose() => _files.Dispose();

    [Fact]
    public void What_is_written_is_read_and_has_the_official_form()
    {
        string path = _files.Path("new", "results.json");
        VqaResultFile.Write(path, Predictions);
        Assert.Equal(Predictions, VqaResultFile.Read(path));
        using JsonDocument json = JsonDocument.Parse(File.ReadAllText(path));
        Assert.Equal(["question_id", "answer"], json.RootElement[0].EnumerateObject().Select(entry => entry.Name));
        Assert.StartsWith("""[{"question_id":393284000,"answer":"yes"},{"question_id":7,"answer":"café""", File.ReadAllText(path));
    }

    [Fact]
    public void Many_predictions_are_written_whole()
    {
        VqaPrediction[] many = [.. Enumerable.Range(0, 20_000).Select(id => new VqaPrediction(id, $"answer {id}"))];
        VqaResultFile.Write(_files.Path("many.json"), many);
        Assert.Equal(many, VqaResultFile.Read(_files.Path("many.json")));
    }

    [Fact]
    public void A_failure_leaves_the_old_file()
    {
        string path = _files.Path("results.json");
        VqaResultFile.Write(path, Predictions);
        Assert.Throws<InvalidOperationException>(() => VqaResultFile.Write(path, Failing()));
        Assert.Equal(Predictions, VqaResultFile.Read(path));
        Assert.Single(Directory.GetFiles(_files.Folder));

        static IEnumerable<VqaPrediction> Failing()
        {
            yield return new VqaPrediction(1, "yes");
            throw new InvalidOperationException();
        }
    }

    [Theory]
    [InlineData(
        """[{"question_id": 1, "answer": "a"}, {"question_id": 1, "answer": "b"}]""",
        "prediction number 2 (question_id 1): expected one prediction a question")]
    [InlineData("""[{"answer": "a"}]""", "prediction number 1: expected the key \"question_id\"")]
    [InlineData("""[{"question_id": 1}]""", "(question_id 1): expected the key \"answer\"")]
    [InlineData("""[{"question_id": 1, "answer": 2}]""", "(question_id 1): expected text as \"answer\", came a number")]
    [InlineData("""[{"question_id": "1"}]""", "expected a whole number as \"question_id\", came text")]
    [InlineData("""["yes"]""", "expected an object with question_id and answer, came text")]
    [InlineData("""{"results": []}""", "expected a JSON array of predictions, came an object")]
    [InlineData("""[{"question_id": 1, """, "cut short")]
    public void Wrong_files_are_errors(string json, string expected)
    {
        string path = _files.Write("results.json", json);
        var error = Assert.Throws<InvalidInputException>(() => VqaResultFile.Read(path));
        Assert.StartsWith(path, error.Message);
        Assert.Contains(expected, error.Message);
    }

    [Fact]
    public void A_missing_file_is_an_error() =>
        Assert.Contains("no such file",
        Assert.Throws<InvalidInputException>(() => VqaResultFile.Read(_files.Path("nowhere.json"))).Message);
}
