using System.Globalization;
using System.Text.Json;
using VLPeft.Tests.Data;
using Xunit;

namespace VLPeft.Tests.Cli;

public sealed class ScoreCommandTests : IDisposable
{
    private const string References =
        """
        {"images": [{"id": 1}], "annotations": [
        {"id": 1, "image_id": 1, "caption": "A man on a horse."}, {"image_id": "b,\"2", "caption": "Two dogs!"}, {"image_id": 1, "caption": "a rider"}]}
        """;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void CaptionsAreScoredAsTableJsonAndCsv()
    {
        string csv = _folder.File("new", "scores.csv");
        string[] args = Captions("""[{"image_id": "1", "caption": "a man on a horse"}, {"image_id": "b,\"2", "caption": "Two cats", "id": 3}]""", References);
        using JsonDocument json = JsonDocument.Parse(CommandLine.Run([.. args, "--json", "--per-image", csv]).Expect(0).Out);
        Assert.Equal(2, json.RootElement.GetProperty("images").GetInt32());
        JsonElement scores = json.RootElement.GetProperty("scores");
        Assert.Equal(
            ["Bleu_1", "Bleu_2", "Bleu_3", "Bleu_4", "METEOR", "ROUGE_L", "CIDEr", "SPICE"], scores.EnumerateObject().Select(score => score.Name));
        Assert.Equal(6.0 / 7, scores.GetProperty("Bleu_1").GetDouble(), 1e-6);
        Assert.Equal(0.75, scores.GetProperty("ROUGE_L").GetDouble(), 1e-6);
        Assert.Equal(JsonValueKind.Null, scores.GetProperty("METEOR").ValueKind);
        Assert.Equal(JsonValueKind.Null, scores.GetProperty("SPICE").ValueKind);

        string[] lines = File.ReadAllLines(csv);
        Assert.Equal("image_id,Bleu_1,Bleu_2,Bleu_3,Bleu_4,ROUGE_L,CIDEr", lines[0]);
        Assert.StartsWith("1,", lines[1], StringComparison.Ordinal);
        Assert.StartsWith("\"b,\"\"2\",", lines[2], StringComparison.Ordinal);
        double[] cider = [.. lines[1..].Select(line => double.Parse(line.Split(',')[^1], CultureInfo.InvariantCulture))];
        Assert.Equal(cider.Average(), scores.GetProperty("CIDEr").GetDouble(), 1e-12);

        CommandResult shown = CommandLine.Run(args).Expect(0);
        Assert.Contains("2 pictures", shown.Out, StringComparison.Ordinal);
        Assert.Matches("Bleu_1 +│ +0.8571", shown.Out);
        Assert.Matches("METEOR +│ not available", shown.Out);
        Assert.Contains("--meteor-data", shown.Error, StringComparison.Ordinal);
        Assert.Contains("--spice-jar", shown.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void DocumentFrequenciesComeFromAFileOrFromOtherReferences()
    {
        string[] args = [.. Captions("""[{"image_id": 1, "caption": "dogs"}]""", Annotations("dogs", 1)), "--json"];
        Assert.Equal(0, Cider(args)); // one picture alone
        string frequencies = _folder.Write("df.json", """{"images": 100, "frequencies": {"dogs": 10, "two dogs": 1}}""");
        // one word of weight 1 · ln(100 / 10): similarity 1 for n = 1, nothing for longer ones
        Assert.Equal(2.5, Cider([.. args, "--document-frequencies", frequencies]), 1e-12);
        string others = _folder.Write("others.json", """{"annotations": [{"image_id": 4, "caption": "a dog"}, {"image_id": 5, "caption": "Dogs."}]}""");
        Assert.Equal(2.5, Cider([.. args, "--document-frequencies", others]), 1e-12);
        string always = _folder.Write("always.json", """{"images": 3, "frequencies": {"dogs": 3}}""");
        Assert.Equal(0, Cider([.. args, "--document-frequencies", always]));
    }

    [Theory]
    [InlineData("""{"images": 0, "frequencies": {}}""", "images", "0")]
    [InlineData("""{"images": 2, "frequencies": []}""", "frequencies", "an array")]
    [InlineData("""{"images": 2, "frequencies": {"a": 3}}""", "0 to 2", "\"a\"", "3")]
    [InlineData("""{"images": 2, "frequencies": {"a b c d e": 1}}""", "1 to 4", "a b c d e")]
    [InlineData("[]", "frequencies", "annotations")]
    [InlineData("{", "valid JSON")]
    public void DocumentFrequenciesAreChecked(string file, params string[] words)
    {
        string path = _folder.Write("df.json", file);
        CommandLine.Refused([.. Captions("[]", References), "--document-frequencies", path], [path, .. words]);
    }

    [Theory]
    [InlineData("""[{"image_id": 1, "caption": "a"}]""", References, "1 of 2 pictures", "have no caption", "b,\"2")]
    [InlineData("[]", References, "2 of 2 pictures")]
    [InlineData("""[{"image_id": 1, "caption": "a"}, {"image_id": "b,\"2", "caption": "b"}, {"image_id": 9, "caption": "c"}]""", References, "1 of 3 captions", "9")]
    [InlineData("""[{"image_id": 1, "caption": "a"}, {"image_id": "1", "caption": "b"}]""", References, "number 2", "second of image_id 1")]
    [InlineData("""[{"caption": "a"}]""", References, "number 1", "\"image_id\"")]
    [InlineData("""[{"image_id": 1}]""", References, "number 1", "\"caption\"", "image_id 1")]
    [InlineData("""[{"image_id": 1, "caption": null}]""", References, "number 1", "text as \"caption\"", "null")]
    [InlineData("""[{"image_id": 1, "caption": ["a"]}]""", References, "number 1", "an array")]
    [InlineData("""[{"image_id": 1.5, "caption": "a"}]""", References, "whole number", "another number")]
    [InlineData("""[{"image_id": null, "caption": "a"}]""", References, "image_id", "null")]
    [InlineData("""[["a"]]""", References, "an object", "an array")]
    [InlineData("""{"1": "a"}""", References, "a JSON array of predictions", "an object")]
    [InlineData("""[{"image_id": 1, "caption": "\ud83d"}]""", References, "not valid Unicode")]
    [InlineData("[{\"image_id\": 1, \"caption\": \"a\nb\"}]", References, "valid JSON", "line 1")]
    [InlineData("""[{"image_id": 1, "caption": "a" """, References, "valid JSON", "cut short")]
    [InlineData("", References, "valid JSON")]
    [InlineData("[]", """{"annotations": []}""", "at least one annotation")]
    [InlineData("[]", """{"images": []}""", "\"annotations\"", "without that key")]
    [InlineData("[]", """[{"image_id": 1, "caption": "a"}]""", "\"annotations\"", "an array")]
    [InlineData("[]", """{"annotations": [{"image_id": 1}]}""", "annotation number 1", "\"caption\"")]
    public void FilesOfCaptionsAreChecked(string predictions, string references, params string[] words) =>
        CommandLine.Refused(Captions(predictions, references), words);

    [Theory]
    [InlineData("score|captions|--predictions|x.json", "option --references is missing")]
    [InlineData("score|captions|--predictions|/no/x.json|--references|y.json", "/no/x.json", "no such file")]
    [InlineData("score", "a command is missing", "captions, vqa")]
    [InlineData("score|vqa|--predictions|x.json", "option --questions is missing")]
    [InlineData("score|captions|--predictions|x|--references|y|--spice-jar|/no/spice.jar", "/no/spice.jar", "no such file")]
    [InlineData("score|captions|--predictions|x|--references|y|--meteor-data|/no/meteor", "/no/meteor", "meteor-1.5.jar")]
    public void TheCommandLineIsChecked(string line, params string[] words) => CommandLine.Refused(line.Split('|'), words);

    [Fact]
    public void AnEmptyCaptionScoresNothing()
    {
        string[] args = [.. Captions("""[{"image_id": 1, "caption": ""}]""", Annotations("a man", 1)), "--json"];
        using JsonDocument json = JsonDocument.Parse(CommandLine.Run(args).Expect(0).Out);
        foreach (string name in new[] { "Bleu_1", "Bleu_4", "ROUGE_L", "CIDEr" })
            Assert.Equal(0, json.RootElement.GetProperty("scores").GetProperty(name).GetDouble(), 1e-5);
    }

    [Fact]
    public void ControlCharactersAndLineSeparatorsSeparateWordsAndMoveNothing()
    {
        string predictions = """[{"image_id": 1, "caption": "a\u0000man\u2028on\r\na\u0007horse\u000b"}, {"image_id": 2, "caption": "two dogs"}]""";
        string references = """{"annotations": [{"image_id": 1, "caption": "a man on a horse"}, {"image_id": 2, "caption": "two\fdogs\u2029"}]}""";
        using JsonDocument json = JsonDocument.Parse(CommandLine.Run([.. Captions(predictions, references), "--json"]).Expect(0).Out);
        Assert.Equal(1, json.RootElement.GetProperty("scores").GetProperty("Bleu_2").GetDouble(), 1e-6);
        Assert.Equal(1, json.RootElement.GetProperty("scores").GetProperty("ROUGE_L").GetDouble(), 1e-6);
    }

    [Fact]
    public void ACaptionOfTenMegabytesIsScored()
    {
        string caption = string.Concat(Enumerable.Repeat("a dog's well-known man... ", (10 << 20) / 26));
        string predictions = JsonSerializer.Serialize(new[] { new { image_id = 1, caption }, new { image_id = 2, caption = "a man" } });
        string references = """{"annotations": [{"image_id": 1, "caption": "a dog"}, {"image_id": 2, "caption": "a man"}]}""";
        using JsonDocument json = JsonDocument.Parse(CommandLine.Run([.. Captions(predictions, references), "--json"]).Expect(0).Out);
        JsonElement scores = json.RootElement.GetProperty("scores");
        Assert.InRange(scores.GetProperty("Bleu_1").GetDouble(), 1e-7, 1e-5); // 4 of 1.6 million words
        Assert.InRange(scores.GetProperty("ROUGE_L").GetDouble(), 0.5, 0.51);
    }

    [Fact]
    public void AnswersAreScoredByType()
    {
        using var files = new VqaFiles();
        string[] ten = [.. Enumerable.Repeat("yes", 8), "no", "no"];
        string[] args =
        [
            "score", "vqa", "--predictions", files.Write("p.json", """[{"question_id": 2, "answer": "No."}, {"question_id": 1, "answer": "yes"}]"""),
            "--questions", files.Questions((1, 5, "is it?"), (2, 5, "is it not?")), "--annotations", files.Annotations((1, 5, ten), (2, 5, ten)),
        ];
        using JsonDocument json = JsonDocument.Parse(CommandLine.Run([.. args, "--json"]).Expect(0).Out);
        Assert.Equal(2, json.RootElement.GetProperty("questions").GetInt32());
        JsonElement scores = json.RootElement.GetProperty("scores");
        Assert.Equal(80, scores.GetProperty("overall").GetDouble()); // 100 and 60
        Assert.Equal(80, scores.GetProperty("per_answer_type").GetProperty("other").GetDouble());
        Assert.Equal(80, scores.GetProperty("per_question_type").GetProperty("what").GetDouble());
        string shown = CommandLine.Run(args).Expect(0).Out;
        Assert.Matches("all +│ +2 │ +80.00", shown);
        Assert.Matches("answer type other +│ +2 │ +80.00", shown);

        files.Write("p.json", """[{"question_id": 2, "answer": "no"}]""");
        CommandLine.Refused(args, "1 of 2 questions have no prediction", "1");
        files.Write("p.json", """[{"question_id": 2, "answer": "no"}, {"question_id": 1, "answer": "no"}, {"question_id": 3, "answer": "no"}]""");
        CommandLine.Refused(args, "predictions have no question", "3");
        files.Write("p.json", """[{"question_id": 2, "answer": "no"}, {"question_id": 2, "answer": "no"}]""");
        CommandLine.Refused(args, "second");
        files.Write("p.json", """{"answers": []}""");
        CommandLine.Refused(args, "a JSON array of predictions");
    }

    private static double Cider(string[] args)
    {
        using JsonDocument json = JsonDocument.Parse(CommandLine.Run(args).Expect(0).Out);
        return json.RootElement.GetProperty("scores").GetProperty("CIDEr").GetDouble();
    }

    private static string Annotations(string caption, int image) =>
        JsonSerializer.Serialize(new { annotations = new[] { new { image_id = image, caption } } });

    private string[] Captions(string predictions, string references) =>
    [
        "score", "captions", "--predictions", _folder.Write("predictions.json", predictions), "--references", _folder.Write("references.json", references),
    ];
}
