using System.Text.Json;
using VLPeft.Data.Scenes;
using VLPeft.Models;
using VLPeft.Models.Gpt2;

namespace VLPeft.Tests.Cli;

/// <summary>A <see cref="TinyWorld"/> with a GPT-2 of random weights and a captioning recipe of few steps.</summary>
public sealed class CaptionWorld : IDisposable
{
    public const int Steps = 6, CaptionsPerImage = 5;
    private const long Width = 16;

    public CaptionWorld()
    {
        SaveText(Text, Width);
        Recipe = Write("captions.yaml", $$"""
            description: tiny captions
            task: captioning
            data:
              kind: scenes
              folder: data
              scenes: { train-images: {{TinyWorld.TrainImages}}, validation-images: {{TinyWorld.OtherImages}}, test-images: {{TinyWorld.OtherImages}}, questions-per-image: {{TinyWorld.QuestionsPerImage}} }
            vision: { model: vision, cache: cache }
            text: { model: gpt2, max-length: 30, prefix: single, backbone-dropout: 0.1 }
            peft: { method: lora, rank: 4, routing: multiply }
            caption: { cider-images: 4 }
            generation: { beams: 3, max-length: 12, batch-size: 3 }
            training:
              { steps: {{Steps}}, batch-size: 12, learning-rate: 1e-2, validate-every: 3, checkpoint-every: 2, log-every: 1, threads: 1, evaluate: best-cider }
            """);
        FileRecipe = Write("caption-files.yaml", """
            extends: captions.yaml
            data:
              kind: coco-captions
              folder: ~
              train: { captions: data/train/captions.json }
              validation: { captions: data/validation/captions.json }
              images: [data/train/images, data/validation/images]
            """);
    }

    public TinyWorld Tiny { get; } = new();

    public string Recipe { get; }

    /// <summary>The recipe with captions and pictures named one by one, and no test split.</summary>
    public string FileRecipe { get; }

    public string Text => Path.Combine(Tiny.Root, "gpt2");

    public string New(string name = "run") => Tiny.New(name);

    /// <summary>Another GPT-2 with random weights.</summary>
    public string NewText(long width)
    {
        string folder = New("gpt2");
        SaveText(folder, width);
        return folder;
    }

    public string Write(string name, string text)
    {
        string path = Path.Combine(Tiny.Root, name);
        File.WriteAllText(path, text);
        return path;
    }

    public void Dispose() => Tiny.Dispose();

    /// <summary>Whole words and GPT-2's end of text; nothing stands around a text.</summary>
    private static void SaveText(string folder, long width)
    {
        string[] words = [.. SceneVocabulary.Words.Prepend("<unk>").Append("<|endoftext|>").Distinct()];
        var config = new Gpt2Config
        {
            VocabularySize = words.Length,
            Width = width,
            Layers = 2,
            Heads = 2,
            Intermediate = 2 * width,
            MaxLength = 48,
            EndId = words.Length - 1,
            InitializerRange = 0.3,
        };
        using var text = new Gpt2Model(config);
        HubFolder.Save(text, config.ToJson(), folder);
        File.WriteAllText(Path.Combine(folder, "tokenizer.json"), JsonSerializer.Serialize(new
        {
            added_tokens = new[] { new { id = words.Length - 1, content = "<|endoftext|>", special = true } },
            normalizer = new { type = "Lowercase" },
            pre_tokenizer = new { type = "Whitespace" },
            model = new { type = "WordLevel", vocab = words.Select((word, id) => (word, id)).ToDictionary(one => one.word, one => one.id), unk_token = "<unk>" },
        }));
    }
}
