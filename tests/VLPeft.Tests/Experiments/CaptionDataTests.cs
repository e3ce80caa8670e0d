using VLPeft.Data;
using VLPeft.Experiments;
using VLPeft.Recipes;
using Xunit;

namespace VLPeft.Tests.Experiments;

/// <summary>Captions of every layout, split by split.</summary>
public sealed class CaptionDataTests : IDisposable
{
    private const string Tokens = "1_a.jpg#0\ta cat\n1_a.jpg#1\tone cat\n2_b.jpg#0\ta dog\n3_c.jpg#0\ta cow\n4_d.jpg#0\ta hen\n5_e.jpg#0\ta pig\n";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void KarpathysFileHasAllSplits()
    {
        string file = _folder.Write("dataset.json", """
            {"images": [
              {"cocoid": 1, "filename": "a.jpg", "filepath": "train", "split": "restval", "sentences": [{"raw": "a cat"}, {"raw": "one cat"}]},
              {"cocoid": 2, "filename": "b.jpg", "filepath": "val", "split": "val", "sentences": [{"raw": "a dog"}]},
              {"cocoid": 3, "filename": "c.jpg", "filepath": "val", "split": "test", "sentences": []}]}
            """);
        _folder.Write("pictures/val/b.jpg", "");
        var data = new CaptionData(new DataSection { Kind = DataKind.Karpathy, Captions = file, Images = [_folder.File("pictures")] }, seed: 0);
        Assert.Equal(["a cat", "one cat"], Assert.Single(data.Get(Split.Train).Pictures).Captions);
        Assert.Equal(_folder.File("pictures/val/b.jpg"), data.Get(Split.Validation).Images!.PathOf(2));
        Assert.Empty(Assert.Single(data.Get(Split.Test).Pictures).Captions);
    }

    [Fact]
    public void FlickrsListsDivideItsFile()
    {
        var section = new DataSection
        {
            Kind = DataKind.Flickr,
            Captions = _folder.Write("tokens.txt", Tokens),
            Train = new SplitSection { Pictures = _folder.Write("train.txt", "1_a.jpg\n3_c.jpg\n") },
            Validation = new SplitSection { Pictures = _folder.Write("val.txt", "2_b.jpg\n") },
        };
        var data = new CaptionData(section, seed: 0);
        Assert.Equal([1, 3], data.Get(Split.Train).Pictures.Select(picture => picture.ImageId));
        Assert.Equal([2], data.Get(Split.Validation).Pictures.Select(picture => picture.ImageId));
        Assert.Null(data.Find(Split.Test));
        Assert.Contains("data.test.pictures", Assert.Throws<InvalidInputException>(() => data.Get(Split.Test)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void WithoutAValidationSplitAShareOfTheTrainingPicturesIsKeptForIt()
    {
        DataSection section = Coco(validationFraction: 0.4);
        var data = new CaptionData(section, seed: 0);
        long[] train = [.. data.Get(Split.Train).Pictures.Select(picture => picture.ImageId)];
        long[] validation = [.. data.Get(Split.Validation).Pictures.Select(picture => picture.ImageId)];
        Assert.Equal((3, 2), (train.Length, validation.Length));
        Assert.Equal([1, 2, 3, 4, 5], train.Concat(validation).Order()); // picture 6 has no captions
        Assert.Equal(validation, new CaptionData(section, seed: 9).Get(Split.Validation).Pictures.Select(picture => picture.ImageId));
        Assert.Null(new CaptionData(section with { ValidationFraction = 0 }, seed: 0).Find(Split.Validation));
    }

    [Fact]
    public void AFewTrainingPicturesAreDrawnByTheSeed()
    {
        DataSection section = Coco(validationFraction: 0) with { LimitTrain = 2 };
        long[][] drawn = [.. Enumerable.Range(0, 8).Select(seed => new CaptionData(section, seed).Get(Split.Train).Pictures.Select(picture => picture.ImageId).ToArray())];
        Assert.All(drawn, ids => Assert.Equal(2, ids.Length));
        Assert.Equal(drawn[3], new CaptionData(section, 3).Get(Split.Train).Pictures.Select(picture => picture.ImageId));
        Assert.True(drawn.Select(ids => string.Join(' ', ids)).Distinct().Count() > 1, "all seeds draw the same");
    }

    [Fact]
    public void TrainingNeedsCaptions()
    {
        var section = new DataSection
        {
            Kind = DataKind.CocoCaptions,
            Train = new SplitSection { Captions = _folder.Write("none.json", """{"images": [{"id": 1}], "annotations": []}""") },
        };
        Assert.Contains("train split: expected captions", Assert.Throws<InvalidInputException>(() => new CaptionData(section, 0).Get(Split.Train)).Message, StringComparison.Ordinal);
    }

    private DataSection Coco(double validationFraction) => new()
    {
        Kind = DataKind.CocoCaptions,
        ValidationFraction = validationFraction,
        Train = new SplitSection
        {
            Captions = _folder.Write("train.json", $$"""
                {"images": [{{string.Join(", ", Enumerable.Range(1, 6).Select(id => $$"""{"id": {{id}}}"""))}}],
                 "annotations": [{{string.Join(", ", Enumerable.Range(1, 5).Select(id => $$"""{"image_id": {{id}}, "caption": "number {{id}}"}"""))}}]}
                """),
        },
    };
}
