using VLPeft.Data;
using Xunit;

namespace VLPeft.Tests.Data;

public sealed class CaptionReaderTests : IDisposable
{
    private readonly VqaFiles _files = new();

    public void Dispose() => _files.Dispose();

    private string Write(string name, string text) => _files.Write(name, text);

    [Fact]
    public void CocoCaptionsComeByPictureInTheOrderOfTheImages()
    {
        IReadOnlyList<CaptionPicture> pictures = CocoCaptionReader.Read(Write("captions.json", """
            {"info": {}, "images": [{"id": 7, "file_name": "b.jpg", "width": 2}, {"id": 3, "file_name": "a.jpg"}, {"id": 5, "file_name": "c.jpg"}],
             "annotations": [{"image_id": 3, "id": 1, "caption": "a cat "}, {"image_id": 7, "id": 2, "caption": "a dog"}, {"caption": "two cats\n", "image_id": 3}]}
            """));
        Assert.Equal([7, 3, 5], pictures.Select(picture => picture.ImageId));
        Assert.Equal(["b.jpg", "a.jpg", "c.jpg"], pictures.Select(picture => picture.FileName));
        Assert.Equal(["a cat", "two cats"], pictures[1].Captions);
        Assert.Empty(pictures[2].Captions);
    }

    [Fact]
    public void CocoCaptionsNeedNoListOfImages()
    {
        CaptionPicture picture = Assert.Single(CocoCaptionReader.Read(Write("captions.json", """{"annotations": [{"image_id": 3, "caption": "a cat"}]}""")));
        Assert.Null(picture.FileName);
        Assert.Single(CocoCaptionReader.Read(Write("images.json", """{"images": [{"id": 3, "file_name": "a.jpg"}]}"""))); // a test split
    }

    [Theory]
    [InlineData("""{"images": [{"id": 3}, {"id": 3}], "annotations": []}""", "image number 2", "id 3 stands twice")]
    [InlineData("""{"images": [{"file_name": "a"}], "annotations": []}""", "image number 1", "\"id\"")]
    [InlineData("""{"images": [{"id": 3}], "annotations": [{"image_id": 4, "caption": "x"}]}""", "image_id 4 is not among \"images\"")]
    [InlineData("""{"annotations": [{"image_id": 4, "caption": " "}]}""", "the caption of image_id 4 is empty")]
    [InlineData("""{"annotations": [{"image_id": 4}]}""", "annotation number 1", "\"caption\"")]
    [InlineData("""{"annotations": [{"image_id": "x", "caption": "x"}]}""", "a whole number as \"image_id\"")]
    [InlineData("""{"annotations": [3]}""", "expected an object")]
    [InlineData("""{"annotations": []}""", "at least one picture")]
    [InlineData("{}", "annotations")]
    [InlineData("[]", "JSON object")]
    [InlineData("""{"annotations": [""", "valid JSON")]
    public void CocoCaptionsOfAnotherFormAreRefused(string json, params string[] words) =>
        Refused(() => CocoCaptionReader.Read(Write("captions.json", json)), "captions.json", words);

    [Fact]
    public void KarpathysFileGivesTheCaptionsOfEachPart()
    {
        var parts = KarpathyCaptionReader.Read(Write("dataset.json", """
            {"images": [
              {"filepath": "val2014", "sentids": [1], "filename": "COCO_val2014_000000000009.jpg", "imgid": 0, "split": "test", "cocoid": 9,
               "sentences": [{"tokens": ["a", "cat"], "raw": "A cat. ", "imgid": 0, "sentid": 1}, {"raw": "One"}]},
              {"filename": "5.jpg", "imgid": 1, "split": "restval", "sentences": [{"raw": "x"}]},
              {"imgid": 2, "split": "val", "sentences": []}], "dataset": "coco"}
            """));
        CaptionPicture test = Assert.Single(parts[KarpathySplit.Test]);
        Assert.Equal((9, Path.Combine("val2014", "COCO_val2014_000000000009.jpg")), (test.ImageId, test.FileName));
        Assert.Equal(["A cat.", "One"], test.Captions);
        Assert.Equal((1, "5.jpg"), (parts[KarpathySplit.Train][0].ImageId, parts[KarpathySplit.Train][0].FileName));
        Assert.Null(Assert.Single(parts[KarpathySplit.Val]).FileName);
    }

    [Theory]
    [InlineData("""[{"split": "test", "sentences": []}]""", "\"cocoid\" or \"imgid\"")]
    [InlineData("""[{"imgid": 1, "sentences": []}]""", "\"split\"")]
    [InlineData("""[{"imgid": 1, "split": "test"}]""", "\"sentences\"")]
    [InlineData("""[{"imgid": 1, "split": "dev", "sentences": []}]""", "came \"dev\"")]
    [InlineData("""[{"imgid": 1, "split": "test", "sentences": [{}]}]""", "\"raw\"")]
    [InlineData("""[{"imgid": 1, "split": "test", "sentences": [{"raw": ""}]}]""", "a caption is empty")]
    [InlineData("""[{"imgid": 1, "split": "test", "sentences": {}}]""", "as \"sentences\"")]
    [InlineData("""[{"imgid": 1, "split": "test", "sentences": []}, {"imgid": 1, "split": "test", "sentences": []}]""", "1 stands twice")]
    [InlineData("[]", "at least one picture")]
    public void KarpathysFileOfAnotherFormIsRefused(string images, params string[] words) =>
        Refused(() => KarpathyCaptionReader.Read(Write("dataset.json", $$"""{"images": {{images}}}""")), "dataset.json", words);

    [Fact]
    public void FlickrsTokenFileGivesPicturesByTheNumberOfTheirNames()
    {
        IReadOnlyList<CaptionPicture> pictures = FlickrCaptionReader.Read(Write(
            "tokens.txt", "1000_69.jpg#0\tA child .\r\n1000_69.jpg#1\tA girl # 2 .\n\n36979.jpg#0\tA dog .\n7_a.jpg#0\tx\n"));
        Assert.Equal([1000, 36979, 7], pictures.Select(picture => picture.ImageId));
        Assert.Equal(["A child .", "A girl # 2 ."], pictures[0].Captions);
        IReadOnlyList<CaptionPicture> chosen = FlickrCaptionReader.Select(pictures, Write("list.txt", "7_a.jpg\n36979\n"));
        Assert.Equal([7, 36979], chosen.Select(picture => picture.ImageId));
    }

    [Theory]
    [InlineData("1000_69.jpg A child", "line 1", "a tab and a caption")]
    [InlineData("1_a.jpg#0\tx\n1_a.jpg\tno number", "line 2", "a tab and a caption")]
    [InlineData("1_a.jpg#0\t ", "the caption of 1_a.jpg is empty")]
    [InlineData("dog.jpg#0\tA dog", "begins with its number", "dog.jpg")]
    [InlineData("1_a.jpg#0\tx\n1_b.jpg#0\ty", "line 2", "1_a.jpg", "1_b.jpg")]
    [InlineData("", "at least one caption")]
    public void FlickrsTokenFileOfAnotherFormIsRefused(string text, params string[] words) =>
        Refused(() => FlickrCaptionReader.Read(Write("tokens.txt", text)), "tokens.txt", words);

    [Theory]
    [InlineData("8_b.jpg", "line 1", "has no captions")]
    [InlineData("7_a.jpg\n7_a.jpg", "line 2", "stands twice")]
    [InlineData("\n", "at least one picture")]
    public void AListThatDoesNotFitIsRefused(string list, params string[] words)
    {
        IReadOnlyList<CaptionPicture> pictures = FlickrCaptionReader.Read(Write("tokens.txt", "7_a.jpg#0\tx"));
        Refused(() => FlickrCaptionReader.Select(pictures, Write("list.txt", list)), "list.txt", words);
    }

    [Fact]
    public void FilesThatCannotBeReadAreNamed()
    {
        Refused(() => CocoCaptionReader.Read(_files.Path("none.json")), "none.json", "no such file");
        Refused(() => KarpathyCaptionReader.Read(_files.Path("none.json")), "none.json", "no such file");
        Refused(() => FlickrCaptionReader.Read(_files.Path("none.txt")), "none.txt", "no such file");
        File.WriteAllBytes(_files.Path("latin.txt"), [0x31, 0x2E, 0x6A, 0xFF]);
        Refused(() => FlickrCaptionReader.Read(_files.Path("latin.txt")), "latin.txt", "UTF-8");
    }

    [Fact]
    public void NamedPicturesAreFoundWithAndWithoutTheirSubfolder()
    {
        string folder = Directory.CreateDirectory(_files.Path("pictures")).FullName, inner = Directory.CreateDirectory(Path.Combine(folder, "val")).FullName;
        File.WriteAllText(Path.Combine(inner, "a.jpg"), "");
        File.WriteAllText(Path.Combine(folder, "b.jpg"), "");
        var source = new NamedImageSource(new Dictionary<long, string> { [1] = "val/a.jpg", [2] = "val/b.jpg", [3] = "c.jpg" }, folder);
        Assert.Equal(Path.Combine(folder, "val/a.jpg"), source.PathOf(1));
        Assert.Equal(Path.Combine(folder, "b.jpg"), source.PathOf(2));
        Assert.Contains("no file c.jpg", Assert.Throws<InvalidInputException>(() => source.PathOf(3)).Message, StringComparison.Ordinal);
        Assert.Contains("image 4", Assert.Throws<InvalidInputException>(() => source.PathOf(4)).Message, StringComparison.Ordinal);
    }

    private static void Refused(Action read, string file, params string[] words)
    {
        string message = Assert.Throws<InvalidInputException>(read).Message;
        Assert.All(words.Prepend(file), word => Assert.Contains(word, message, StringComparison.Ordinal));
    }
}
