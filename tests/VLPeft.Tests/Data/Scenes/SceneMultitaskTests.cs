using System.Text.Json;
using VLPeft.Data;
using VLPeft.Data.Scenes;
using Xunit;

namespace VLPeft.Tests.Data.Scenes;

/// <summary>Scenes in the formats of GQA and NLVR2.</summary>
public sealed class SceneMultitaskTests : IDisposable
{
    private static readonly SceneOptions Options = new() { Seed = 3, TrainImages = 400, ValidationImages = 30, TestImages = 60 };
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Compositional_answers_and_labels_of_statements_are_true_of_the_written_scenes()
    {
        string home = _folder.File("scenes");
        SceneDatasetSummary made = SceneDataset.EnsureGenerated(Options, home);
        Dictionary<long, (string Background, IReadOnlyList<SceneOracle.Thing> Things)> scenes = ReadScenes(home);
        foreach (SceneSplit split in Enum.GetValues<SceneSplit>())
        {
            SceneSplitPaths paths = SceneDataset.PathsOf(home, split);
            IReadOnlyList<GqaExample> questions = GqaReader.Read(paths.Gqa);
            Assert.Equal(made.Splits[split].Compositions, questions.Count);
            Assert.All(questions, each => Assert.Equal(CompositionOracle.Answer(each.Question, scenes[each.ImageId].Things), each.Answer));
            IReadOnlyList<Nlvr2Example> pairs = Nlvr2Reader.Read(paths.Nlvr);
            Assert.Equal(made.Splits[split].Pairs, pairs.Count);
            Assert.All(pairs, each => Assert.Equal(CompositionOracle.Judge(each.Sentence, scenes[each.LeftId], scenes[each.RightId]), each.Label));
            // Each sentence comes with four pairs and is true of two.
            Assert.All(pairs.GroupBy(pair => pair.Identifier.Split('-')[1]), set => Assert.Equal((4, 2, 1), (
                set.Count(), set.Count(pair => pair.Label!.Value), set.Select(pair => pair.Sentence).Distinct().Count())));
        }
        Assert.InRange(made.Splits[SceneSplit.Train].Pairs, 780, 800);
        Assert.InRange(made.Splits[SceneSplit.Train].Compositions, 2000, 2400);
    }

    [Fact]
    public void Every_type_and_form_comes_and_the_words_are_those_of_the_vocabulary()
    {
        SceneItem[] items = [.. SceneItems.Of(Options, SceneSplit.Train)];
        SceneComposition[] questions = [.. items.SelectMany(item => SceneItems.Compositions(item, Options))];
        Assert.All(Enum.GetValues<SceneCompositionType>(), type => Assert.InRange(questions.Count(each => each.Type == type), 150, 900));
        SceneComposition[] closed = [.. questions.Where(each => each.Answer is "yes" or "no")];
        Assert.InRange(closed.Average(each => each.Answer == "yes" ? 1.0 : 0), 0.4, 0.6);
        string[] texts = [.. ScenePretrainingData.MultitaskTexts(20_000, 1)];
        IEnumerable<string> words = texts.SelectMany(text => text.Replace("?", " ?", StringComparison.Ordinal).Replace(":", " :", StringComparison.Ordinal).Split(' ')).Distinct();
        Assert.Equal(SceneVocabulary.MultitaskWords.Order(StringComparer.Ordinal), words.Order(StringComparer.Ordinal));
        Assert.Equal(SceneVocabulary.Words, SceneVocabulary.MultitaskWords.Take(SceneVocabulary.Words.Count));
        foreach (string prompt in new[] { TaskPrompts.Vqa, TaskPrompts.Gqa, TaskPrompts.Nlvr, TaskPrompts.Caption })
            Assert.InRange(texts.Count(text => text.StartsWith(prompt, StringComparison.Ordinal)), 4_000, 6_500);
    }

    [Fact]
    public void Neither_questions_nor_statements_have_more_than_18_tokens_with_prompt_and_special_ones()
    {
        string[] texts = [.. ScenePretrainingData.MultitaskTexts(20_000, 2).Where(text => !text.StartsWith(TaskPrompts.Caption, StringComparison.Ordinal))];
        // The answer behind the text stands for one of the two special tokens.
        Assert.InRange(texts.Max(text => text.Replace("?", " ?", StringComparison.Ordinal).Replace(":", " :", StringComparison.Ordinal).Split(' ').Length + 1), 16, 20);
    }

    [Fact]
    public void A_split_of_one_picture_has_no_statements()
    {
        SceneDatasetSummary made = SceneDataset.EnsureGenerated(new SceneOptions { TrainImages = 1, ValidationImages = 1, TestImages = 1 }, _folder.File("one"));
        Assert.All(made.Splits.Values, split => Assert.Equal(0, split.Pairs));
    }

    [Fact]
    public void A_data_set_of_an_earlier_version_is_made_anew()
    {
        var small = new SceneOptions { TrainImages = 4, ValidationImages = 4, TestImages = 4 };
        string home = _folder.File("scenes"), manifest = Path.Combine(home, SceneFolder.ManifestName);
        SceneDataset.EnsureGenerated(small, home);
        string whole = SceneDatasetTests.HashOf(home);
        File.Delete(SceneDataset.PathsOf(home, SceneSplit.Test).Gqa);
        File.WriteAllText(manifest, File.ReadAllText(manifest).Replace($"\"version\": {SceneWriter.Version}", "\"version\": 1", StringComparison.Ordinal));
        Assert.Throws<InvalidInputException>(() => SceneDataset.EnsureGenerated(small with { Seed = 9 }, home));
        Assert.False(SceneDataset.EnsureGenerated(small, home).Reused);
        Assert.Equal(whole, SceneDatasetTests.HashOf(home));
    }

    private static Dictionary<long, (string, IReadOnlyList<SceneOracle.Thing>)> ReadScenes(string home)
    {
        static string Text(JsonElement row, string name) => row.GetProperty(name).GetString()!;
        using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(home, "scenes.json")));
        return json.RootElement.EnumerateArray().ToDictionary(
            row => row.GetProperty("image_id").GetInt64(),
            row => (Text(row, "background"), (IReadOnlyList<SceneOracle.Thing>)[.. row.GetProperty("objects").EnumerateArray().Select(item =>
                new SceneOracle.Thing(Text(item, "position"), Text(item, "shape"), Text(item, "color"), Text(item, "size")))]));
    }
}
