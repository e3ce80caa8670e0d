using System.Text.Json;
using VLPeft.Checkpoints;

namespace VLPeft.Data.Scenes;

/// <summary>Writes a data set's files, all but dataset.json.</summary>
internal static class SceneWriter
{
    /// <summary>Raised whenever the same options give other files than before.</summary>
    public const int Version = 2;

    public static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };
    public static readonly JsonSerializerOptions IndentedJson = new(Json) { WriteIndented = true, NewLine = "\n" };

    private static readonly VqaFileInfo Info = new("VLPeft procedural scenes", Version.ToString());
    private static readonly VqaLicense License = new("Apache-2.0", "https://www.apache.org/licenses/LICENSE-2.0");

    public static SceneManifest WriteAll(SceneRecipe recipe, string folder)
    {
        var scenes = new List<SceneRow>();
        var splits = new Dictionary<string, SceneSplitCounts>();
        foreach (SceneSplit split in Enum.GetValues<SceneSplit>())
            splits[SceneDataset.NameOf(split)] = WriteSplit(recipe.Options, split, folder, scenes);
        WriteJson(Path.Combine(folder, "scenes.json"), scenes);
        return new SceneManifest(recipe, splits);
    }

    /// <summary>The size of a split's files together, 0 when there are none.</summary>
    public static long BytesOf(string folder, SceneSplit split)
    {
        SceneSplitPaths paths = SceneDataset.PathsOf(folder, split);
        long pictures = Directory.Exists(paths.Images)
            ? new DirectoryInfo(paths.Images).EnumerateFiles("*.png").Sum(file => file.Length) : 0;
        string[] texts = [paths.Questions, paths.Annotations, paths.Captions, paths.Gqa, paths.Nlvr];
        return pictures + texts.Where(File.Exists).Sum(path => new FileInfo(path).Length);
    }

    private static SceneSplitCounts WriteSplit(SceneOptions options, SceneSplit split, string folder, List<SceneRow> scenes)
    {
        SceneSplitPaths paths = SceneDataset.PathsOf(folder, split);
        Directory.CreateDirectory(paths.Images);
        var questions = new List<VqaQuestionRow>();
        var annotations = new List<VqaAnnotationRow>();
        var images = new List<CocoImageRow>();
        var captions = new List<CocoCaptionRow>();
        var compositions = new OrderedDictionary<string, GqaRow>();
        var drawn = new List<SceneItem>();
        foreach (SceneItem item in SceneItems.Of(options, split))
        {
            string name = $"{item.ImageId:D12}.png";
            // Not flushed one by one, which would take minutes: dataset.json is written last and holds the size of them all.
            File.WriteAllBytes(Path.Combine(paths.Images, name), ScenePng.Encode(SceneRenderer.Render(item.Scene, item.NoiseSeed)));
            questions.AddRange(item.Annotations.Select(each => new VqaQuestionRow(item.ImageId, each.Question.Text, each.QuestionId)));
            annotations.AddRange(item.Annotations.Select(each => ToRow(item.ImageId, each)));
            images.Add(new CocoImageRow(item.ImageId, name, SceneRenderer.Side, SceneRenderer.Side));
            captions.AddRange(item.Captions.Select((caption, i) => new CocoCaptionRow(item.ImageId, item.ImageId * 1000 + i, caption)));
            scenes.Add(ToRow(item, split));
            foreach ((int i, SceneComposition each) in SceneItems.Compositions(item, options).Index())
                compositions.Add($"{item.ImageId * 1000 + i}", new GqaRow($"{item.ImageId}", each.Text, each.Answer, true, new GqaTypes(each.TypeName)));
            drawn.Add(item);
        }
        string subtype = SceneDataset.NameOf(split);
        NlvrRow[] pairs = [.. Pairs(options, split, drawn)];
        WriteJson(paths.Gqa, compositions);
        WriteJson(paths.Nlvr, pairs);
        WriteJson(paths.Questions, new VqaQuestionsFile(Info, "Open-Ended", "vlpeft-scenes", subtype, License, questions));
        WriteJson(paths.Annotations, new VqaAnnotationsFile(Info, "vlpeft-scenes", subtype, License, annotations));
        WriteJson(paths.Captions, new CocoCaptionsFile(Info, [License], images, captions));
        return new SceneSplitCounts(images.Count, questions.Count, captions.Count, BytesOf(folder, split))
        {
            Compositions = compositions.Count,
            Pairs = pairs.Length,
        };
    }

    private static IEnumerable<NlvrRow> Pairs(SceneOptions options, SceneSplit split, List<SceneItem> items)
    {
        int number = 0;
        Scene[] scenes = [.. items.Select(item => item.Scene)];
        foreach ((int set, (SceneStatement statement, ScenePair[] pairs)) in SceneItems.Statements(scenes, options, split).Index())
            foreach ((int i, ScenePair pair) in pairs.Index())
                yield return new NlvrRow(
                    $"{SceneDataset.NameOf(split)}-{set}-{i}-0", $"{items[pair.Left].ImageId:D12}", $"{items[pair.Right].ImageId:D12}",
                    pair.Label ? 1 : 0, statement.Text, $"scenes_{SceneDataset.NameOf(split)}_{number++}");
    }

    private static VqaAnnotationRow ToRow(long imageId, SceneAnnotation annotation) => new(
        annotation.Question.TypeName,
        SceneAnswers.MostCommon(annotation.Answers, annotation.Question.Answer),
        [.. annotation.Answers.Select((answer, i) => new VqaAnswerRow(answer, "yes", i + 1))],
        imageId, annotation.Question.AnswerType, annotation.QuestionId);

    private static SceneRow ToRow(SceneItem item, SceneSplit split) => new(
        item.ImageId, SceneDataset.NameOf(split), item.Scene.Background.Name(),
        [.. item.Scene.Objects.Select(each => new SceneObjectRow(each.Position.Name(), each.Object.Shape.Name(), each.Object.Color.Name(),
            each.Object.Size.Name(), [each.Object.JitterX, each.Object.JitterY]))],
        [.. item.Annotations.Select(each => new SceneTruthRow(each.QuestionId, each.Question.TypeName, each.Question.Answer))]);

    private static void WriteJson<T>(string path, T content)
    {
        // What a killed call left of its temporary files.
        if (Directory.Exists(Path.GetDirectoryName(path)))
        {
            foreach (string leftOver in Directory.EnumerateFiles(Path.GetDirectoryName(path)!, Path.GetFileName(path) + ".*.tmp"))
                File.Delete(leftOver);
        }
        AtomicFile.Write(path, stream => JsonSerializer.Serialize(stream, content, Json));
    }
}
