using VLPeft.Data.Scenes;
using VLPeft.Models;
using VLPeft.Models.Bart;
using VLPeft.Preprocessing;

namespace VLPeft.Tests.Cli;

/// <summary>A <see cref="TinyWorld"/> with a BART of random weights and a recipe of all four tasks for a few steps.</summary>
public sealed class MultitaskWorld : IDisposable
{
    public const int Steps = 8;

    public MultitaskWorld()
    {
        SaveText(Path.Combine(Tiny.Root, "bart"));
        Recipe = Write("multitask.yaml", $$"""
            description: four tasks
            task: multitask
            data:
              kind: scenes
              folder: data
              scenes: { train-images: {{TinyWorld.TrainImages}}, validation-images: {{TinyWorld.OtherImages}}, test-images: {{TinyWorld.OtherImages}}, questions-per-image: {{TinyWorld.QuestionsPerImage}} }
            vision: { model: vision, cache: cache }
            text: { model: bart, max-length: 24, backbone-dropout: 0.1 }
            peft: { method: lora, rank: 4, routing: multiply }
            multitask: { tasks: [{ task: vqa }, { task: gqa }, { task: nlvr }, { task: caption }], mixing: balanced, answer-length: 6 }
            caption: { cider-images: 4 }
            generation: { beams: 3, max-length: 12, batch-size: 3 }
            training:
              { steps: {{Steps}}, batch-size: 12, learning-rate: 1e-2, clip-norm: 5, validate-every: 4, checkpoint-every: 3, log-every: 1, threads: 1, evaluate: best-mean }
            """);
    }

    public TinyWorld Tiny { get; } = new();

    public string Recipe { get; }

    public string New(string name = "run") => Tiny.New(name);

    public string Write(string name, string text)
    {
        string path = Path.Combine(Tiny.Root, name);
        File.WriteAllText(path, text);
        return path;
    }

    public void Dispose() => Tiny.Dispose();

    private static void SaveText(string folder)
    {
        WordLevelTokenizer tokenizer = WordLevelTokenizer.Build(SceneVocabulary.MultitaskWords);
        var config = new BartConfig
        {
            VocabularySize = tokenizer.VocabularySize, Width = 16, EncoderLayers = 2, DecoderLayers = 2, EncoderHeads = 2, DecoderHeads = 2,
            EncoderIntermediate = 32, DecoderIntermediate = 32, MaxLength = 48, InitializerRange = 0.3,
        };
        using var text = new BartModel(config);
        HubFolder.Save(text, config.ToJson(), folder);
        tokenizer.Save(Path.Combine(folder, "tokenizer.json"));
    }
}
