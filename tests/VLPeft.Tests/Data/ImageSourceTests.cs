using VLPeft.Data;
using VLPeft.TestData;
using Xunit;

namespace VLPeft.Tests.Data;

public sealed class ImageSourceTests : IDisposable
{
    private readonly VqaFiles _files = new();

    public void Dispose() => _files.Dispose();

    private static string Message(Action action) => Assert.Throws<InvalidInputException>(action).Message;

    private static string Message(Func<object?> action) => Assert.Throws<InvalidInputException>(action).Message;

    private static VqaExample About(long image) => new(image, image, "Why?", "", "", []);

    [Theory]
    [InlineData("COCO_val2014_000000000042.jpg")]
    [InlineData("COCO_train2014_000000000042.jpg")]
    [InlineData("COCO_test2015_000000000042.jpg")]
    [InlineData("000000000042.jpg")]
    [InlineData("42.png")]
    [InlineData("42.jpeg")]
    [InlineData("0042.JPG")]
    public void A_picture_is_found_under_any_of_its_names(string name)
    {
        string path = _files.Write($"images/{name}", "");
        var source = new FolderImageSource(_files.Path("images"));
        Assert.Equal(path, source.PathOf(42));
        Assert.Equal(1, source.Count);
    }

    [Fact]
    public void Several_folders_are_one_source()
    {
        string train = _files.Write("train2014/COCO_train2014_000000000009.jpg", "");
        string val = _files.Write("val2014/COCO_val2014_000000000042.jpg", "");
        var source = new FolderImageSource(_files.Path("train2014"), _files.Path("val2014"));
        Assert.Equal([train, val], new long[] { 9, 42 }.Select(source.PathOf));
    }

    [Fact]
    public void A_missing_picture_is_named_with_folders_and_names()
    {
        _files.Write("a/1.png", "");
        _files.Write("b/2.png", "");
        var source = new FolderImageSource(_files.Path("a"), _files.Path("b"));
        string error = Message(() => source.PathOf(42));
        Assert.StartsWith("image 42:", error);
        Assert.Contains($"{_files.Path("a")}, {_files.Path("b")}", error);
        Assert.Contains("COCO_<split>_000000000042, 000000000042 and 42", error);
    }

    [Fact]
    public void Two_files_of_one_id_are_an_error_for_that_id_alone()
    {
        string one = _files.Write("train/7.png", "");
        string two = _files.Write("test/7.png", "");
        string other = _files.Write("test/8.png", "");
        var source = new FolderImageSource(_files.Path("train"), _files.Path("test"));
        Assert.Equal(other, source.PathOf(8));
        Assert.Contains($"image 7: expected one file, found {one} and {two}", Message(() => source.PathOf(7)));
    }

    [Theory]
    [InlineData("x42.png")]
    [InlineData("42.txt")]
    [InlineData("42.png.tmp")]
    [InlineData("._COCO_val2014_000000000042.jpg")]
    [InlineData("COCO_val2014_.jpg")]
    public void Other_files_are_no_pictures(string name)
    {
        _files.Write($"images/{name}", "");
        Assert.Contains("found none", Message(() => new FolderImageSource(_files.Path("images"))));
    }

    [Fact]
    public void A_folder_of_folders_says_so()
    {
        _files.Write("coco/val2014/1.jpg", "");
        Assert.Contains(
            "folders within are not searched, name them instead (val2014)",
            Message(() => new FolderImageSource(_files.Path("coco"))));
        Assert.Contains("no such folder", Message(() => new FolderImageSource(_files.Path("nowhere"))));
        Assert.Throws<ArgumentOutOfRangeException>(() => new FolderImageSource());
    }

    [Fact]
    public void A_map_names_pictures_from_its_own_folder_on()
    {
        string near = _files.Write("maps/pictures/x.jpg", "");
        string far = _files.Write("far.png", "");
        var source = new MapImageSource(_files.Write("maps/map.json", $$"""{"42": "pictures/x.jpg", "7": "{{far}}", "8": "gone.png"}"""));
        Assert.Equal(3, source.Count);
        Assert.Equal(near, source.PathOf(42));
        Assert.Equal(far, source.PathOf(7));
        Assert.Contains(
            $"image 8: {_files.Path("maps", "map.json")} names {_files.Path("maps", "gone.png")}, which does not exist",
            Message(() => source.PathOf(8)));
        Assert.Contains("image 9: not among the 3 pictures", Message(() => source.PathOf(9)));
    }

    [Theory]
    [InlineData("[]", "came an array")]
    [InlineData("""{"x": "a.png"}""", "expected a picture's id as key, came \"x\"")]
    [InlineData("""{"1": 5}""", "expected a path for image 1, came 5")]
    [InlineData("""{"1": ""}""", "expected a path for image 1")]
    [InlineData("""{"1": "a.png", "01": "b.png"}""", "image 1 stands twice")]
    [InlineData("""{"1": "a.png", "1": "a.png"}""", "image 1 stands twice")]
    [InlineData("""{"1": """, "expected valid JSON")]
    public void A_wrong_map_is_an_error(string json, string expected)
    {
        string path = _files.Write("map.json", json);
        string error = Message(() => new MapImageSource(path));
        Assert.StartsWith(path, error);
        Assert.Contains(expected, error);
    }

    [Fact]
    public void A_missing_map_is_an_error() =>
        Assert.Contains("no such file", Message(() => new MapImageSource(_files.Path("nowhere.json"))));

    [Fact]
    public void A_whole_split_is_checked_at_once()
    {
        _files.Write("images/1.png", "");
        var source = new FolderImageSource(_files.Path("images"));
        source.RequireAll([About(1), About(1)]);
        VqaExample[] examples = [About(1), .. Enumerable.Range(100, 12).Select(id => About(id)), About(100)];
        string error = Message(() => source.RequireAll(examples));
        Assert.StartsWith("12 of 13 pictures can't be found: 100, 101, 102, 103, 104, 105, 106, 107, 108, 109, ….", error);
        Assert.Contains("The first: image 100: no file in", error);
    }

    [Fact]
    public void Every_picture_of_mini_coco_is_found()
    {
        var source = new FolderImageSource(SharedData.Require("datasets", "mini-coco", "images", "val2014"));
        string folder = SharedData.Require("datasets", "mini-coco");
        foreach (string split in new[] { "train", "val", "test" })
        {
            source.RequireAll(VqaV2Reader.Read(Path.Combine(folder, "vqa", $"v2_OpenEnded_mscoco_mini_{split}_questions.json")));
            source.RequireAll(VqaV2Reader.Read(Path.Combine(folder, "object-vqa", $"object_{split}_questions.json")));
        }
    }
}
