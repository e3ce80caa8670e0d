using VLPeft.Data;
using Xunit;

namespace VLPeft.Tests.Data;

public sealed class KarpathySplitsTests : IDisposable
{
    private const string Coco = """
        {"images": [
          {"filepath": "val2014", "sentids": [1, 2], "filename": "COCO_val2014_000000000001.jpg", "imgid": 0, "split": "test", "cocoid": 1,
           "sentences": [{"tokens": ["split", "cocoid"], "raw": "x", "imgid": 0, "sentid": 1}]},
          {"cocoid": 2, "split": "restval"}, {"cocoid": 3, "split": "train"}, {"cocoid": 4, "split": "val"},
          {"cocoid": 5, "split": "train"}],
         "dataset": "coco"}
        """;

    private readonly VqaFiles _files = new();

    public void Dispose() => _files.Dispose();

    private KarpathySplits Load(string json) => KarpathySplits.Load(_files.Write("dataset_coco.json", json));

    private static VqaExample About(long image) => new(image * 10, image, "Why?", "", "", []);

    [Fact]
    public void Restval_belongs_to_train()
    {
        KarpathySplits splits = Load(Coco);
        Assert.Equal((3, 1, 1), (splits.Count(KarpathySplit.Train), splits.Count(KarpathySplit.Val), splits.Count(KarpathySplit.Test)));
        Assert.Equal(
            [KarpathySplit.Test, KarpathySplit.Train, KarpathySplit.Train, KarpathySplit.Val, KarpathySplit.Train, null],
            new long[] { 1, 2, 3, 4, 5, 6 }.Select(splits.Of));
    }

    [Fact]
    public void A_part_takes_the_questions_about_its_pictures_in_their_order()
    {
        VqaExample[] examples = [About(5), About(1), About(2), About(4), About(5)];
        KarpathySplits splits = Load(Coco);
        Assert.Equal([5, 2, 5], splits.Filter(examples, KarpathySplit.Train).Select(example => example.ImageId));
        Assert.Equal([1], splits.Filter(examples, KarpathySplit.Test).Select(example => example.ImageId));
        Assert.Equal([4], splits.Filter(examples, KarpathySplit.Val).Select(example => example.ImageId));
    }

    [Fact]
    public void Questions_about_unknown_pictures_are_an_error()
    {
        var error = Assert.Throws<InvalidInputException>(
            () => Load(Coco).Filter([About(1), About(9), About(9), About(8)], KarpathySplit.Test));
        Assert.StartsWith(_files.Path("dataset_coco.json"), error.Message);
        Assert.Contains("those of 3 questions: image 9, 8;", error.Message);
    }

    [Fact]
    public void A_part_without_a_question_is_an_error() =>
        Assert.Contains("split Val", Assert.Throws<InvalidInputException>(() => Load(Coco).Filter([About(1)], KarpathySplit.Val)).Message);

    [Theory]
    [InlineData("""{"images": [{"cocoid": 1}]}""", "image number 1: expected the key \"split\"")]
    [InlineData("""{"images": [{"split": "val"}]}""", "image number 1: expected the key \"cocoid\"")]
    [InlineData(
        """{"images": [{"cocoid": 1, "split": "dev"}]}""",
        "expected \"train\", \"restval\", \"val\" or \"test\" as \"split\", came \"dev\"")]
    [InlineData("""{"images": [{"cocoid": 1, "split": "val"}, {"cocoid": 1, "split": "val"}]}""", "image number 2: cocoid 1 stands twice")]
    [InlineData("""{"images": [{"cocoid": "1", "split": "val"}]}""", "expected a whole number as \"cocoid\", came text")]
    [InlineData("""{"images": []}""", "at least one image")]
    [InlineData("""{"annotations": []}""", "an object without that key")]
    [InlineData("""{"images": [{"cocoid": 1, "spl""", "cut short")]
    public void Wrong_files_are_errors(string json, string expected)
    {
        var error = Assert.Throws<InvalidInputException>(() => Load(json));
        Assert.StartsWith(_files.Path("dataset_coco.json"), error.Message);
        Assert.Contains(expected, error.Message);
    }
}
