using TorchSharp;
using VLPeft.Data.Scenes;
using VLPeft.Models;
using VLPeft.Models.Bert;
using VLPeft.Models.Vit;
using VLPeft.Preprocessing;
using static TorchSharp.torch;

namespace VLPeft.Tests.Cli;

/// <summary>
/// All that a run needs, made in a moment: a ViT and a RoBERTa with random weights as Hugging Face folders, procedural scenes with
/// questions, and a recipe of few steps over them. Tests share one and change it only through <c>--set</c> and copies.
/// </summary>
public sealed class TinyWorld : IDisposable
{
    public const int TrainImages = 24, OtherImages = 8, QuestionsPerImage = 3, Steps = 6;
    private const long Width = 16;
    private const double InitializerRange = 0.3;
    private readonly TemporaryFolder _folder = new();
    private int _made, _drawn;

    public TinyWorld()
    {
        SceneDataset.EnsureGenerated(new SceneOptions
        {
            TrainImages = TrainImages,
            ValidationImages = OtherImages,
            TestImages = OtherImages,
            QuestionsPerImage = QuestionsPerImage,
        }, Data);
        SaveVision(Vision, Width);
        SaveText(Text, Width);
        Recipe = _folder.Write("tiny.yaml", $$"""
            description: a tiny recipe
            data:
              kind: scenes
              folder: data
              scenes: { train-images: {{TrainImages}}, validation-images: {{OtherImages}}, test-images: {{OtherImages}}, questions-per-image: {{QuestionsPerImage}} }
              minimum-answer-count: 1
            vision: { model: vision, cache: cache }
            text: { model: text, max-length: 14, prefix: reference, readout: pooler, backbone-dropout: 0.1 }
            peft: { method: lora, rank: 4, routing: multiply }
            training: { steps: {{Steps}}, batch-size: 12, learning-rate: 1e-2, validate-every: 3, checkpoint-every: 2, log-every: 1, threads: 1 }
            """);
        // The same data named file by file, so that tests can put broken files in the place of good ones.
        FileRecipe = _folder.Write("files.yaml", """
            extends: tiny.yaml
            data:
              kind: vqav2
              folder: ~
              train: { questions: data/train/questions.json, annotations: data/train/annotations.json }
              validation: { questions: data/validation/questions.json, annotations: data/validation/annotations.json }
              images: [data/train/images, data/validation/images]
            """);
    }

    public string Recipe { get; }

    /// <summary>The recipe with questions, annotations and pictures named one by one, and no test split.</summary>
    public string FileRecipe { get; }

    public string Root => _folder.Path;

    public string Data => _folder.File("data");

    public string Vision => _folder.File("vision");

    public string Text => _folder.File("text");

    public SceneSplitPaths Paths(SceneSplit split) => SceneDataset.PathsOf(Data, split);

    public string TestImage => Directory.EnumerateFiles(Paths(SceneSplit.Test).Images).Order().First();

    /// <summary>A path of its own for a run or for files; nothing is there.</summary>
    public string New(string name = "run") => _folder.File($"{name}-{Interlocked.Increment(ref _made)}");

    /// <summary>Another encoder with random weights.</summary>
    public string NewVision(long width = Width)
    {
        string folder = New("vision");
        SaveVision(folder, width);
        return folder;
    }

    /// <summary>Another language model with random weights.</summary>
    public string NewText(long width = Width)
    {
        string folder = New("text");
        SaveText(folder, width);
        return folder;
    }

    /// <summary>A copy of a folder, to be broken.</summary>
    public string Copy(string folder)
    {
        string copy = New(Path.GetFileName(folder));
        Directory.CreateDirectory(copy);
        foreach (string file in Directory.EnumerateFiles(folder))
            File.Copy(file, Path.Combine(copy, Path.GetFileName(file)));
        return copy;
    }

    /// <summary>A file's text with a change, in a file of its own.</summary>
    public string Changed(string file, string what, string by)
    {
        string text = File.ReadAllText(file);
        int at = text.IndexOf(what, StringComparison.Ordinal);
        Xunit.Assert.True(at >= 0, $"'{what}' is not in {file}");
        string path = New("file") + Path.GetExtension(file);
        File.WriteAllText(path, text[..at] + by + text[(at + what.Length)..]);
        return path;
    }

    public void Dispose() => _folder.Dispose();

    private void SaveVision(string folder, long width)
    {
        var config = new VitConfig
        {
            ImageSize = 32,
            PatchSize = 16,
            Width = width,
            Layers = 1,
            Heads = 2,
            Intermediate = 2 * width,
            InitializerRange = InitializerRange,
        };
        using var vision = new VitModel(config);
        Redraw(vision);
        HubFolder.Save(vision, config.ToJson(), folder);
        File.WriteAllText(Path.Combine(folder, "preprocessor_config.json"),
            """{ "image_processor_type": "ViTImageProcessor", "size": { "height": 32, "width": 32 }, "image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5] }""");
    }

    private void SaveText(string folder, long width)
    {
        WordLevelTokenizer tokenizer = WordLevelTokenizer.Build(SceneVocabulary.Words);
        var config = new BertFamilyConfig
        {
            Kind = BertKind.Roberta,
            VocabularySize = tokenizer.VocabularySize,
            Width = width,
            Layers = 2,
            Heads = 2,
            Intermediate = 2 * width,
            PositionRows = 22,
            TokenTypes = 1,
            PadId = tokenizer.PadId,
            InitializerRange = InitializerRange,
        };
        using var text = new BertFamilyModel(config);
        Redraw(text);
        HubFolder.Save(text, config.ToJson(), folder);
        tokenizer.Save(Path.Combine(folder, "tokenizer.json"));
    }

    // The process's own generator is seeded by whichever run trains beside this test: two encoders made at such moments were the same one.
    private void Redraw(nn.Module model)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        using var generator = new Generator((ulong)Interlocked.Increment(ref _drawn));
        foreach (Tensor matrix in model.parameters().Where(one => one.dim() > 1))
            matrix.normal_(0, InitializerRange, generator);
    }
}
