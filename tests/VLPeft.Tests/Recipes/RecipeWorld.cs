using System.Text.Json;
using TorchSharp;
using VLPeft.Checkpoints;
using VLPeft.Data;
using VLPeft.Data.Scenes;
using VLPeft.Models;
using VLPeft.Models.Bart;
using VLPeft.Models.Bert;
using VLPeft.Models.Clip;
using VLPeft.Models.EfficientNet;
using VLPeft.Models.Gpt2;
using VLPeft.Models.Vit;
using VLPeft.Preprocessing;
using VLPeft.Recipes;
using VLPeft.Tests.Cli;
using static TorchSharp.torch;

namespace VLPeft.Tests.Recipes;

/// <summary>
/// What stands in the place of a shipped recipe's data and checkpoints: scenes in the formats of VQAv2, easy-VQA and Karpathy's splits,
/// captions in COCO's, made-up features, and models of the same family and depth, a 64th as wide. Models that are shipped with the recipes are used as they are.
/// </summary>
/// <remarks>Another data format gets a case in <see cref="Data"/>, another family of models one in <see cref="TextConfig"/>.</remarks>
public sealed class RecipeWorld : IDisposable
{
    // Warming up, the first has a rate of 0; the second moves a LoRA's W_up from zero, and only then W_down gets a gradient.
    private const int Steps = 3;
    private const int TrainImages = 12, OtherImages = 6, QuestionsPerImage = 3;
    private const long Narrower = 64, FeatureWidth = 20;
    private readonly TemporaryFolder _folder = new();
    private int _made;

    public RecipeWorld()
    {
        set_num_threads(1);
        var options = new SceneOptions { TrainImages = TrainImages, ValidationImages = OtherImages, TestImages = OtherImages, QuestionsPerImage = QuestionsPerImage };
        SceneDataset.EnsureGenerated(options, Scenes);
        WriteKarpathy();
        WriteFeatures();
        WriteEasyVqa("train", SceneSplit.Train);
        WriteEasyVqa("test", SceneSplit.Test);
    }

    public static string Recipes { get; } = Path.Combine(TestData.SharedData.RepositoryRoot(), "recipes");

    private string Scenes => _folder.File("scenes");

    private string Karpathy => _folder.File("karpathy.json");

    private string Features => _folder.File("features.safetensors");

    private string Index => _folder.File("index.json");

    private string EasyVqa => _folder.File("easy-vqa");

    /// <summary>A path for a run; nothing is there.</summary>
    public string NewRun() => _folder.File($"run-{Interlocked.Increment(ref _made)}");

    /// <summary>The changes, paths and sizes only, with which a recipe runs here.</summary>
    public IEnumerable<string> Settings(Recipe recipe) =>
    [
        .. recipe.Task == RecipeTask.Multitask && recipe.Multitask.Tasks.All(task => task.Data is not null) ? [] : Data(recipe.Data),
        .. recipe.Multitask.Tasks.Any(task => task.Data is not null) ? new[] { $"multitask.tasks=[{string.Join(", ", recipe.Multitask.Tasks.Select(Task))}]" } : [],
        .. recipe.Vision.Features.File is null ? [] : new[] { $"vision.features.file={Features}", $"vision.features.index={Index}" },
        .. recipe.Vision.Model is null ? [] : new[] { $"vision.cache={_folder.File("cache")}" },
        .. recipe.Vision.Model is { } vision && !IsShipped(vision, recipe.Vision.Init) ? new[] { $"vision.model={Vision(vision)}" } : [],
        .. IsShipped(recipe.Text.Model!, recipe.Text.Init) ? [] : new[] { $"text.model={TextOf(recipe)}" },
        .. recipe.Task != RecipeTask.Vqa ? new[] { $"caption.cider-images={OtherImages}" } : [],
        $"training.steps={Steps}", "training.batch-size=8", "training.threads=1",
        .. recipe.Training.ValidateEvery == 0 ? [] : new[] { $"training.validate-every={Steps}" },
    ];

    public void Dispose() => _folder.Dispose();

    private string TextOf(Recipe recipe) => recipe.Task switch
    {
        RecipeTask.Captioning => Decoder(recipe.Text.Model!),
        RecipeTask.Multitask => EncoderDecoder(recipe.Text.Model!),
        _ => Text(recipe.Text.Model!),
    };

    // The same formats with the scenes' files.
    private string Task(TaskSection task)
    {
        string Splits(Func<SceneSplitPaths, string> file) => string.Join(", ", new[] { ("train", SceneSplit.Train), ("validation", SceneSplit.Validation), ("test", SceneSplit.Test) }
            .Select(split => $"{split.Item1}: {{ {file(Paths(split.Item2))} }}"));
        string images = $"images: [{string.Join(", ", Enum.GetValues<SceneSplit>().Select(split => Paths(split).Images))}]";
        string data = task.Data!.Kind switch
        {
            DataKind.Vqav2 => $"kind: vqav2, {Splits(paths => $"questions: {paths.Questions}, annotations: {paths.Annotations}")}, karpathy-split: {Karpathy}, {images}",
            DataKind.Gqa => $"kind: gqa, {Splits(paths => $"questions: {paths.Gqa}")}, {images}",
            DataKind.Nlvr2 => $"kind: nlvr2, {Splits(paths => $"questions: {paths.Nlvr}")}, {images}",
            DataKind.Karpathy => $"kind: karpathy, captions: {Karpathy}, {images}",
            _ => throw new NotSupportedException($"there is no tiny data of the kind {task.Data.Kind} for a task; add it here"),
        };
        return $"{{ task: {RecipeNames.Kebab(task.Task.ToString())}, data: {{ {data} }} }}";
    }

    private IEnumerable<string> Data(DataSection data) => data.Kind switch
    {
        DataKind.Scenes =>
        [
            $"data.folder={Scenes}", $"data.scenes.train-images={TrainImages}", $"data.scenes.validation-images={OtherImages}",
            $"data.scenes.test-images={OtherImages}", $"data.scenes.questions-per-image={QuestionsPerImage}",
        ],
        DataKind.EasyVqa => [$"data.folder={EasyVqa}"],
        DataKind.Vqav2 =>
        [
            "data.minimum-answer-count=1",
            .. Files("train", data.Train, SceneSplit.Train),
            .. Files("validation", data.Validation, SceneSplit.Validation),
            .. Files("test", data.Test, SceneSplit.Test),
            .. data.KarpathySplit is null ? [] : new[] { $"data.karpathy-split={Karpathy}" },
            .. data.Images.Count == 0 ? [] : new[] { $"data.images=[{string.Join(", ", Enum.GetValues<SceneSplit>().Select(split => Paths(split).Images))}]" },
        ],
        DataKind.CocoCaptions =>
        [
            $"data.train.captions={Paths(SceneSplit.Train).Captions}", $"data.validation.captions={Paths(SceneSplit.Validation).Captions}",
            $"data.test.captions={Paths(SceneSplit.Test).Captions}",
            $"data.images=[{string.Join(", ", Enum.GetValues<SceneSplit>().Select(split => Paths(split).Images))}]",
        ],
        DataKind.Karpathy => [$"data.captions={Karpathy}", $"data.images=[{Paths(SceneSplit.Train).Images}, {Paths(SceneSplit.Validation).Images}]"],
        _ => throw new NotSupportedException($"there is no tiny data of the kind {data.Kind}; add it here"),
    };

    private IEnumerable<string> Files(string name, SplitSection section, SceneSplit split) =>
        section.Questions is null ? [] : [$"data.{name}.questions={Paths(split).Questions}", $"data.{name}.annotations={Paths(split).Annotations}"];

    private SceneSplitPaths Paths(SceneSplit split) => SceneDataset.PathsOf(Scenes, split);

    private static bool IsShipped(string model, WeightInitialization start) =>
        model.StartsWith(Recipes, StringComparison.Ordinal) && (start == WeightInitialization.Random || File.Exists(Path.Combine(model, "model.safetensors")));

    private static BertFamilyConfig TextConfig(string model) => Path.GetFileName(model) switch
    {
        "minilm-l6" => new BertFamilyConfig
        {
            Kind = BertKind.Bert, VocabularySize = 30522, Width = 384, Layers = 6, Heads = 12, Intermediate = 1536, PositionRows = 512, PadId = 0,
        },
        "easy-vqa-text" => BertFamilyConfig.FromJson(ConfigOf(Path.Combine(Recipes, "real", "models", "roberta-easy-vqa"))),
        _ => BertFamilyConfig.FromJson(ConfigOf(model)),
    };

    // A run's own encoder is "vision".
    private static VitConfig VisionConfig(string model) =>
        VitConfig.FromJson(ConfigOf(Path.GetFileName(model) == "vision" ? Path.Combine(Recipes, "real", "models", "vit-easy-vqa") : model));

    private static string ConfigOf(string model) => File.ReadAllText(Path.Combine(model, "config.json"));

    private static long Narrow(long width) => width > Narrower ? width / Narrower : width;

    private string Text(string model)
    {
        string folder = _folder.File($"text-{Path.GetFileName(model)}");
        if (Directory.Exists(folder))
            return folder;
        WordLevelTokenizer tokenizer = WordLevelTokenizer.Build(SceneVocabulary.Words);
        BertFamilyConfig config = TextConfig(model);
        long width = Narrow(config.Width);
        config = config with
        {
            VocabularySize = tokenizer.VocabularySize, PadId = tokenizer.PadId, Width = width, Heads = 2, Intermediate = 2 * width, PositionRows = 48,
            InitializerRange = 0.3,
        };
        using var text = new BertFamilyModel(config);
        HubFolder.Save(text, config.ToJson(), folder);
        tokenizer.Save(Path.Combine(folder, "tokenizer.json"));
        return folder;
    }

    // Nothing stands around a decoder's text; positions for the longest caption that a recipe has.
    private string Decoder(string model)
    {
        string folder = _folder.File($"decoder-{Path.GetFileName(model)}");
        if (Directory.Exists(folder))
            return folder;
        WordLevelTokenizer tokenizer = WordLevelTokenizer.BuildCausal(SceneVocabulary.Words);
        bool shaped = File.Exists(Path.Combine(model, "config.json"));
        Gpt2Config config = Gpt2Config.FromJson(ConfigOf(shaped ? model : Path.Combine(Recipes, "demo", "models", "gpt2-scenes")));
        long width = shaped ? Narrow(config.Width) : 8; // narrower than the features, which pca can't widen
        config = config with
        {
            VocabularySize = tokenizer.VocabularySize, EndId = tokenizer.PadId, Width = width, Heads = 2, Intermediate = 2 * width, MaxLength = 64, InitializerRange = 0.3,
        };
        using var text = new Gpt2Model(config);
        HubFolder.Save(text, config.ToJson(), folder);
        tokenizer.Save(Path.Combine(folder, "tokenizer.json"));
        return folder;
    }

    private string EncoderDecoder(string model)
    {
        string folder = _folder.File($"encoder-decoder-{Path.GetFileName(model)}");
        if (Directory.Exists(folder))
            return folder;
        WordLevelTokenizer tokenizer = WordLevelTokenizer.Build(SceneVocabulary.MultitaskWords);
        BartConfig config = BartConfig.FromJson(ConfigOf(model));
        long width = Narrow(config.Width);
        config = config with
        {
            VocabularySize = tokenizer.VocabularySize, Width = width, EncoderHeads = 2, DecoderHeads = 2, EncoderIntermediate = 2 * width,
            DecoderIntermediate = 2 * width, MaxLength = 64, InitializerRange = 0.3,
        };
        using var text = new BartModel(config);
        HubFolder.Save(text, config.ToJson(), folder);
        tokenizer.Save(Path.Combine(folder, "tokenizer.json"));
        return folder;
    }

    private string Vision(string model)
    {
        string folder = _folder.File($"vision-{Path.GetFileName(model)}");
        if (Directory.Exists(folder))
            return folder;
        if (Path.GetFileName(model) == "efficientnet-lite0")
            return EfficientNet(folder);
        if (Path.GetFileName(model) == "clip-rn101")
            return ClipResNet(folder);
        VitConfig config = VisionConfig(model);
        long width = Narrow(config.Width);
        config = config with { ImageSize = 32, PatchSize = 16, Width = width, Layers = 1, Heads = 2, Intermediate = 2 * width, InitializerRange = 0.3 };
        using var vision = new VitModel(config);
        HubFolder.Save(vision, config.ToJson(), folder);
        File.WriteAllText(Path.Combine(folder, "preprocessor_config.json"),
            """{ "image_processor_type": "ViTImageProcessor", "size": { "height": 32, "width": 32 }, "image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5] }""");
        return folder;
    }

    private static string ClipResNet(string folder)
    {
        ClipResNetConfig config = new() { Layers = [1, 1, 1, 1], Width = 2, Heads = 2, OutputWidth = 8, ImageSize = 64 };
        using var vision = new ClipResNetModel(config);
        HubFolder.Save(vision, config.ToJson(), folder);
        File.WriteAllText(Path.Combine(folder, "preprocessor_config.json"),
            """{ "image_processor_type": "CLIPImageProcessor", "size": { "shortest_edge": 64 }, "crop_size": { "height": 64, "width": 64 } }""");
        return folder;
    }

    private static string EfficientNet(string folder)
    {
        EfficientNetConfig config = new()
        {
            ImageSize = 32, Classes = 5, Width = 24, StemKernel = 3, StemStride = 2, StemChannels = 8, Blocks = [new(3, 2, 4, 8, 10, false)],
        };
        using var vision = new EfficientNetModel(config);
        HubFolder.Save(vision, config.ToJson(), folder);
        File.WriteAllText(Path.Combine(folder, "config.json"), config.ToJson().TrimEnd().TrimEnd('}') + ", \"mean\": [127, 127, 127], \"std\": [128, 128, 128] }");
        return folder;
    }

    private string[] Pictures(SceneSplit split) => [.. Directory.EnumerateFiles(Paths(split).Images).Order(StringComparer.Ordinal)];

    private static long IdOf(string picture) => long.Parse(Path.GetFileNameWithoutExtension(picture), null);

    private void WriteKarpathy()
    {
        var images = Pictures(SceneSplit.Train).Select(picture => Entry(picture, SceneSplit.Train, "train"))
            .Concat(Pictures(SceneSplit.Validation).Select((picture, i) => Entry(picture, SceneSplit.Validation, new[] { "val", "test", "restval" }[i % 3])));
        File.WriteAllText(Karpathy, JsonSerializer.Serialize(new { images }));

        object Entry(string picture, SceneSplit from, string split) => new
        {
            cocoid = IdOf(picture), split, filename = Path.GetFileName(picture),
            sentences = CocoCaptionReader.Read(Paths(from).Captions).Single(one => one.ImageId == IdOf(picture)).Captions.Select(raw => new { raw }),
        };
    }

    private void WriteFeatures()
    {
        long[] ids = [.. Enum.GetValues<SceneSplit>().SelectMany(Pictures).Select(IdOf)];
        using Tensor features = randn(ids.Length, FeatureWidth, generator: new Generator(7));
        SafetensorsWriter.Write(Features, new Dictionary<string, Tensor> { ["features"] = features });
        File.WriteAllText(Index, JsonSerializer.Serialize(new { rows = ids.Index().ToDictionary(one => $"{one.Item}", one => one.Index) }));
    }

    private void WriteEasyVqa(string name, SceneSplit split)
    {
        string folder = Path.Combine(EasyVqa, name), images = Directory.CreateDirectory(Path.Combine(folder, "images")).FullName;
        foreach ((int i, string picture) in Pictures(split).Index())
            File.Copy(picture, Path.Combine(images, $"{i}.png"));
        object[][] questions = [.. Enumerable.Range(0, Pictures(split).Length).SelectMany(i => new object[][]
        {
            ["what shape is in the image?", i % 2 == 0 ? "circle" : "triangle", i],
            ["is there a red shape?", i % 3 == 0 ? "yes" : "no", i],
            ["what color is the shape?", i % 2 == 0 ? "red" : "blue", i],
        })];
        File.WriteAllText(Path.Combine(folder, "questions.json"), JsonSerializer.Serialize(questions));
    }
}
