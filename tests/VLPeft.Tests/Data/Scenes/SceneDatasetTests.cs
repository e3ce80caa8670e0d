using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using VLPeft.Data.Scenes;
using Xunit;

namespace VLPeft.Tests.Data.Scenes;

public sealed class SceneDatasetTests : IDisposable
{
    private static readonly SceneOptions Small = new() { Seed = 5, TrainImages = 30, ValidationImages = 10, TestImages = 20 };
    private readonly string _folder = Directory.CreateTempSubdirectory("vlpeft-scenes-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void The_same_options_give_the_same_files()
    {
        SceneDatasetSummary summary = SceneDataset.EnsureGenerated(Small, Folder("a"));
        SceneDataset.EnsureGenerated(Small, Folder("b"));
        SceneDataset.EnsureGenerated(Small with { Seed = 6 }, Folder("c"));
        Assert.False(summary.Reused);
        SceneSplitCounts train = summary.Splits[SceneSplit.Train];
        Assert.Equal((30, 180, 150), (train.Images, train.Questions, train.Captions));
        Assert.Equal(HashOf(Folder("a")), HashOf(Folder("b")));
        Assert.NotEqual(HashOf(Folder("a")), HashOf(Folder("c")));
        // Pinned: when it changes, so does SceneWriter.Version.
        Assert.Equal("2089CB43F11E33F28B7EDDCB6FF4C563", HashOf(Folder("a")));
    }

    [Fact]
    public void Files_are_in_VQAv2s_and_COCOs_formats()
    {
        SceneDataset.EnsureGenerated(Small, _folder);
        long id = 0;
        foreach (SceneSplit split in Enum.GetValues<SceneSplit>())
        {
            SceneSplitPaths paths = SceneDataset.PathsOf(_folder, split);
            JsonElement questions = Read(paths.Questions);
            JsonElement annotations = Read(paths.Annotations);
            JsonElement captions = Read(paths.Captions);
            Assert.Equal("Open-Ended", questions.GetProperty("task_type").GetString());
            Assert.Equal(questions.GetProperty("data_subtype").GetString(), annotations.GetProperty("data_subtype").GetString());
            JsonElement[] asked = [.. questions.GetProperty("questions").EnumerateArray()];
            JsonElement[] answered = [.. annotations.GetProperty("annotations").EnumerateArray()];
            Assert.Equal(6 * Small.ImagesOf(split), asked.Length);
            Assert.Equal(asked.Length, answered.Length);
            Assert.Equal(asked.Length, asked.Select(row => Long(row, "question_id")).Distinct().Count());
            for (int i = 0; i < asked.Length; i++)
            {
                Assert.Equal(Long(asked[i], "question_id"), Long(answered[i], "question_id"));
                Assert.Equal(Long(asked[i], "image_id"), Long(answered[i], "image_id"));
                Assert.EndsWith("?", Text(asked[i], "question"));
                Assert.Contains(Text(answered[i], "answer_type"), new[] { "yes/no", "number", "other" });
                Assert.NotEmpty(Text(answered[i], "question_type"));
                JsonElement[] answers = [.. answered[i].GetProperty("answers").EnumerateArray()];
                Assert.Equal(Enumerable.Range(1, 10), answers.Select(answer => answer.GetProperty("answer_id").GetInt32()));
                Assert.All(answers, answer => Assert.Equal("yes", Text(answer, "answer_confidence")));
                string common = answers.GroupBy(answer => Text(answer, "answer")).MaxBy(group => group.Count())!.Key;
                Assert.Equal(common, Text(answered[i], "multiple_choice_answer"));
            }
            string[] files = [.. Directory.EnumerateFiles(paths.Images).Select(Path.GetFileName).Order()!];
            Assert.Equal(Enumerable.Range(0, Small.ImagesOf(split)).Select(_ => $"{++id:D12}.png"), files);
            JsonElement[] images = [.. captions.GetProperty("images").EnumerateArray()];
            Assert.Equal(files, images.Select(image => Text(image, "file_name")));
            Assert.Equal(files, images.Select(image => $"{Long(image, "id"):D12}.png"));
            IEnumerable<IGrouping<long, JsonElement>> byImage =
                captions.GetProperty("annotations").EnumerateArray().GroupBy(row => Long(row, "image_id"));
            Assert.Equal(images.Select(image => Long(image, "id")), byImage.Select(group => group.Key));
            Assert.All(byImage, group => Assert.Equal(5, group.Select(row => Text(row, "caption")).Distinct().Count()));
        }
    }

    [Fact]
    public void The_written_answers_are_true_of_the_written_scenes()
    {
        SceneDataset.EnsureGenerated(Small, _folder);
        Dictionary<long, string> texts = Enum.GetValues<SceneSplit>()
            .SelectMany(split => Read(SceneDataset.PathsOf(_folder, split).Questions).GetProperty("questions").EnumerateArray())
            .ToDictionary(row => Long(row, "question_id"), row => Text(row, "question"));
        JsonElement[] scenes = [.. Read(Path.Combine(_folder, "scenes.json")).EnumerateArray()];
        Assert.Equal(60, scenes.Length);
        foreach (JsonElement scene in scenes)
        {
            SceneOracle.Thing[] things = [.. scene.GetProperty("objects").EnumerateArray().Select(item =>
                new SceneOracle.Thing(Text(item, "position"), Text(item, "shape"), Text(item, "color"), Text(item, "size")))];
            foreach (JsonElement truth in scene.GetProperty("questions").EnumerateArray())
            {
                string text = texts[Long(truth, "question_id")];
                Assert.Equal((Text(truth, "type"), Text(truth, "answer")), SceneOracle.Answer(text, Text(scene, "background"), things));
            }
        }
    }

    [Fact]
    public void Splits_share_no_scene_whatever_their_seeds()
    {
        var keys = new Dictionary<SceneSplit, HashSet<SceneKey>>();
        foreach (SceneSplit split in Enum.GetValues<SceneSplit>())
        {
            keys[split] = [];
            for (ulong seed = 1; seed <= 3; seed++)
                keys[split].UnionWith(SceneItems.Of(new SceneOptions { Seed = seed }, split).Select(item => item.Scene.Key));
        }
        Assert.Empty(keys[SceneSplit.Train].Intersect(keys[SceneSplit.Test]));
        Assert.Empty(keys[SceneSplit.Train].Intersect(keys[SceneSplit.Validation]));
        Assert.Empty(keys[SceneSplit.Validation].Intersect(keys[SceneSplit.Test]));
    }

    [Fact]
    public void One_caption_style_gives_like_captions()
    {
        SceneItem item = SceneItems.Of(Small with { CaptionStyles = 1, CaptionsPerImage = 3 }, SceneSplit.Test).First();
        Assert.Equal(Enumerable.Repeat(SceneCaptions.Write(item.Scene, 0), 3), item.Captions);
    }

    [Theory]
    [InlineData(nameof(SceneOptions.TrainImages))]
    [InlineData(nameof(SceneOptions.ValidationImages))]
    [InlineData(nameof(SceneOptions.TestImages))]
    [InlineData(nameof(SceneOptions.QuestionsPerImage))]
    [InlineData(nameof(SceneOptions.Annotators))]
    [InlineData(nameof(SceneOptions.AnnotatorConfusion))]
    [InlineData(nameof(SceneOptions.CaptionsPerImage))]
    [InlineData(nameof(SceneOptions.CaptionStyles))]
    public void An_option_out_of_range_is_named(string option)
    {
        SceneOptions bad = option switch
        {
            nameof(SceneOptions.TrainImages) => Small with { TrainImages = 0 },
            nameof(SceneOptions.ValidationImages) => Small with { ValidationImages = -1 },
            nameof(SceneOptions.TestImages) => Small with { TestImages = 1_000_001 },
            nameof(SceneOptions.QuestionsPerImage) => Small with { QuestionsPerImage = 13 },
            nameof(SceneOptions.Annotators) => Small with { Annotators = 0 },
            nameof(SceneOptions.AnnotatorConfusion) => Small with { AnnotatorConfusion = double.NaN },
            nameof(SceneOptions.CaptionsPerImage) => Small with { CaptionsPerImage = 21 },
            _ => Small with { CaptionStyles = 6 },
        };
        Assert.Contains(option, Assert.Throws<InvalidInputException>(() => SceneDataset.EnsureGenerated(bad, Folder("a"))).Message);
        Assert.False(Directory.Exists(Folder("a")));
    }

    private string Folder(string name) => Path.Combine(_folder, name);

    private static JsonElement Read(string path) => JsonSerializer.Deserialize<JsonElement>(File.ReadAllBytes(path));

    private static long Long(JsonElement row, string name) => row.GetProperty(name).GetInt64();

    private static string Text(JsonElement row, string name) => row.GetProperty(name).GetString()!;

    /// <summary>A hash over the names and bytes of all files.</summary>
    internal static string HashOf(string folder)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (string file in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
        {
            hash.AppendData(Encoding.UTF8.GetBytes(Path.GetRelativePath(folder, file)));
            hash.AppendData(File.ReadAllBytes(file));
        }
        return Convert.ToHexString(hash.GetHashAndReset())[..32];
    }
}
