using VLPeft.Data;
using Xunit;

namespace VLPeft.Tests.Data;

public sealed class GqaNlvr2ReaderTests : IDisposable
{
    private readonly VqaFiles _files = new();

    public void Dispose() => _files.Dispose();

    [Fact]
    public void GqasOwnFileIsReadInItsOrder()
    {
        IReadOnlyList<GqaExample> examples = GqaReader.Read(_files.Write("val.json", """
            {"02930152": {"semantic": [{"operation": "select", "argument": "sky"}], "imageId": "2354786", "question": "Is the sky dark?", "answer": "yes",
              "isBalanced": true, "types": {"detailed": "verifyAttr", "semantic": "attr", "structural": "verify"}, "equivalent": ["02930152"]},
             "7": {"imageId": "n161313", "question": "What is it?"}}
            """));
        Assert.Equal(new GqaExample("02930152", "2354786", "Is the sky dark?", "yes") { Type = "verify" }, examples[0]);
        Assert.Equal((2354786, "", ""), (examples[0].ImageId, examples[1].Answer, examples[1].Type));
        Assert.True(examples[1].ImageId < 0);
    }

    [Fact]
    public void VlT5sListGivesTheSameQuestions() =>
        Assert.Equal(
            [new GqaExample("02930152", "2354786", "Is the sky dark?", "yes"), new GqaExample("7", "n161313", "What is it?", "")],
            GqaReader.Read(_files.Write("list.json", """
                [{"img_id": "2354786", "label": {"no": 0.3, "yes": 1.0}, "question_id": "02930152", "sent": "Is the sky dark?"},
                 {"img_id": "n161313", "question_id": 7, "sent": "What is it?", "label": {}}]
                """)));

    [Theory]
    [InlineData("""{"1": {"imageId": "2"}}""", "question number 1", "\"question\"")]
    [InlineData("""{"1": {"question": "x"}}""", "\"imageId\"")]
    [InlineData("""{"1": {"question": " ", "imageId": "2"}}""", "the question 1 is empty")]
    [InlineData("""{"1": {"question": "x", "imageId": "2"}, "1": {"question": "x", "imageId": "2"}}""", "question number 2", "1 came already")]
    [InlineData("""{"1": {"question": "x", "imageId": ""}}""", "an empty one")]
    [InlineData("""{"1": 3}""", "expected an object")]
    [InlineData("""[{"question_id": "1", "img_id": "2"}]""", "\"sent\"")]
    [InlineData("""[{"question_id": "1", "img_id": "2", "sent": "x", "label": {"yes": "1"}}]""", "a number")]
    [InlineData("{}", "at least one question")]
    [InlineData("3", "a JSON object of questions by their ids")]
    [InlineData("""{"1": {"question": "x",""", "valid JSON")]
    public void GqaOfAnotherFormIsRefused(string json, params string[] words) =>
        Refused(() => GqaReader.Read(_files.Write("gqa.json", json)), words.Prepend("gqa.json"));

    [Fact]
    public void AFileLargerThanTheBufferIsReadWhole()
    {
        string entries = string.Join(",\n", Enumerable.Range(0, 20_000).Select(i => $$"""  "{{i:D8}}": {"imageId": "{{i % 50}}", "question": "is it {{i}}?", "answer": "no"}"""));
        IReadOnlyList<GqaExample> examples = GqaReader.Read(_files.Write("large.json", $"{{{entries}}}"));
        Assert.Equal(20_000, examples.Count);
        Assert.Equal(new GqaExample("00019999", "49", "is it 19999?", "no"), examples[^1]);
    }

    [Fact]
    public void Nlvr2sOwnFileNamesItsPicturesByTheIdentifier()
    {
        IReadOnlyList<Nlvr2Example> examples = Nlvr2Reader.Read(_files.Write("dev.json", """
            {"sentence": "There are two dogs.", "identifier": "dev-850-0-1", "label": "True", "left_url": "http://x", "validation": {"1": "True"}}

            {"sentence": "No dogs.", "label": "False", "identifier": "dev-850-1-1"}
            {"sentence": "Hidden.", "identifier": "test2-1-0-0"}
            """));
        Assert.Equal(new Nlvr2Example("dev-850-0-1", "There are two dogs.", true, "dev-850-0-img0", "dev-850-0-img1"), examples[0]);
        Assert.Equal([true, false, null], examples.Select(example => example.Label));

        Assert.Equal(PictureNames.IdOf("some/folder/dev-850-0-img0.png"), examples[0].LeftId);
    }

    [Fact]
    public void VlT5sListNamesPicturesItself() =>
        Assert.Equal(
            [new Nlvr2Example("train-10171-0-0", "Two dogs.", false, "train-10171-0-img0", "000000000042")],
            Nlvr2Reader.Read(_files.Write("list.json", """
                [{"identifier": "train-10171-0-0", "img0": "train-10171-0-img0", "img1": "000000000042", "label": 0, "sent": "Two dogs.", "uid": "nlvr2_train_0"}]
                """)));

    [Theory]
    [InlineData("""{"sentence": "x"}""", "sentence number 1", "\"identifier\"")]
    [InlineData("""{"identifier": "dev-1-0-0"}""", "\"sentence\"")]
    [InlineData("""{"identifier": "dev-1-0", "sentence": "x"}""", "split-set-pair-sentence")]
    [InlineData("""{"identifier": "dev-1-0-0", "sentence": ""}""", "is empty")]
    [InlineData("""{"identifier": "dev-1-0-0", "sentence": "x", "label": "yes"}""", "\"True\", \"False\", 0 or 1")]
    [InlineData("""{"identifier": "dev-1-0-0", "sentence": "x", "label": 2}""", "\"True\", \"False\", 0 or 1")]
    [InlineData("{\"identifier\": \"dev-1-0-0\", \"sentence\": \"x\"}\n{\"identifier\": \"dev-1-0-0\", \"sentence\": \"x\"}", "sentence number 2", "came already")]
    [InlineData("{\"identifier\": \"dev-1-0-0\", \"sentence\": \"x\"}\n{\"identifier\":", "line 2")]
    [InlineData("3", "expected an object")]
    [InlineData("", "at least one sentence")]
    public void Nlvr2OfAnotherFormIsRefused(string json, params string[] words) =>
        Refused(() => Nlvr2Reader.Read(_files.Write("nlvr.json", json)), words.Prepend("nlvr.json"));

    [Fact]
    public void MissingFilesAreNamed()
    {
        Refused(() => GqaReader.Read(_files.Path("none.json")), ["none.json", "no such file"]);
        Refused(() => Nlvr2Reader.Read(_files.Path("none.json")), ["none.json", "no such file"]);
    }

    [Fact]
    public void PicturesAreFoundByAnyNameAlsoInFoldersWithin()
    {
        string folder = _files.Path("pictures");
        foreach (string name in new[] { "n161313.jpg", "57/train-57-0-img0.png", "57/train-57-0-img1.PNG", "42.jpg", "notes.txt" })
            _files.Write(Path.Combine("pictures", name), "");
        var source = new IndexedImageSource(folder);
        Assert.Equal(Path.Combine(folder, "n161313.jpg"), source.PathOf(PictureNames.IdOf("n161313")));
        Assert.Equal(Path.Combine(folder, "57", "train-57-0-img1.PNG"), source.PathOf(PictureNames.IdOf("train-57-0-img1")));
        Assert.Equal(Path.Combine(folder, "42.jpg"), source.PathOf(42));
        Refused(() => source.PathOf(PictureNames.IdOf("notes.txt")), ["among the 4", folder]);
        _files.Write("pictures/000000000042.png", "");
        Refused(() => new IndexedImageSource(folder).PathOf(42), ["expected one file"]);
        Refused(() => new IndexedImageSource(_files.Path("nowhere")).PathOf(1), ["nowhere", "no such folder"]);
        Refused(() => new IndexedImageSource(Directory.CreateDirectory(_files.Path("empty")).FullName).PathOf(1), ["empty", "found none"]);
    }

    private static void Refused(Action read, IEnumerable<string> words)
    {
        string message = Assert.Throws<InvalidInputException>(read).Message;
        Assert.All(words, word => Assert.Contains(word, message, StringComparison.Ordinal));
    }
}
