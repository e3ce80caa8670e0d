using System.Runtime.CompilerServices;
using System.Text.Json;
using TorchSharp;
using VLPeft.Checkpoints;
using VLPeft.Data.Scenes;
using VLPeft.Models;
using VLPeft.Models.Bert;
using VLPeft.Models.Gpt2;
using VLPeft.Models.Vit;
using VLPeft.Preprocessing;
using VLPeft.Pretraining;
using Xunit;
using static TorchSharp.torch;

namespace VLPeft.Tests.Pretraining;

/// <summary>The backbones in recipes/demo/models are what their pretraining.json says.</summary>
public sealed class CommittedModelsTests
{
    private static readonly string VisionFolder = Folder("vit-scenes"), TextFolder = Folder("roberta-scenes"), DecoderFolder = Folder("gpt2-scenes");

    [Fact]
    public void Both_load_with_the_documented_numbers_of_parameters()
    {
        using var scope = NewDisposeScope();
        IVisionEncoder vision = VisionEncoders.FromFolder(VisionFolder);
        ITextEncoder text = TextEncoders.FromFolder(TextFolder, new BackboneOptions { Pooler = PoolerSource.None });

        Assert.Equal(117_760, Count(vision.Module));
        Assert.Equal(208_448, Count(text.Module));
        Assert.Equal(117_760, Report(VisionFolder).GetProperty("parameters").GetProperty("backbone").GetInt64());
        Assert.Equal(208_448, Report(TextFolder).GetProperty("parameters").GetProperty("backbone").GetInt64());
        Assert.Equal(32, ImageProcessor.FromFolder(VisionFolder).Width);
        Assert.Equal(0, VitConfig.FromJson(vision.ConfigJson).Dropout.Hidden);
        Assert.Equal(BackboneDropout.None, BertFamilyConfig.FromJson(text.ConfigJson).Dropout);
    }

    [Fact]
    public void The_tokenizer_knows_every_word_of_the_benchmark()
    {
        ITextTokenizer tokenizer = Tokenizers.FromFolder(TextFolder);
        int unknown = tokenizer.Encode("xyzzy")[1];

        Assert.All(SceneVocabulary.Words, word => Assert.DoesNotContain(unknown, tokenizer.Encode(word)));
        Assert.All(ScenePretrainingData.Texts(300, 99), text => Assert.DoesNotContain(unknown, tokenizer.Encode(text)));
    }

    [Fact]
    public void Masked_words_are_guessed_as_well_as_the_report_says()
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        BertFamilyModel model = BertFamilyModel.FromFolder(TextFolder, new BackboneOptions { Pooler = PoolerSource.None });
        var head = new LmHead(model.Config);
        using (CheckpointFolder source = CheckpointFolder.Open(TextFolder))
        {
            StateDictLoader.Load(head, source, new LoadOptions
            {
                Rename = CheckpointKeys.StripPrefix("lm_head."), Ignore = ["roberta.*"],
            });
        }
        string[] texts = TextCorpus.HeldOutScenes(500, seed: 1);
        var corpus = new TextCorpus(texts, texts, WordLevelTokenizer.Load(Path.Combine(TextFolder, "tokenizer.json")), "");
        var task = new TextPretrainingTask(model, head, corpus, new TextPretrainingOptions());

        double accuracy = task.Validate(TestContext.Current.CancellationToken).Find("accuracy")!.Value;

        Assert.Equal(HeldOut(TextFolder, "accuracy"), accuracy, 0.04);
    }

    [Fact]
    public void The_next_word_is_guessed_as_well_as_the_report_says()
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        Gpt2Model model = Gpt2Model.FromFolder(DecoderFolder);
        string[] texts = TextCorpus.HeldOutCaptions(500, seed: 7);
        var tokenizer = WordLevelTokenizer.Load(Path.Combine(DecoderFolder, "tokenizer.json"));
        Assert.Equal(208_192, Count(model));
        Assert.All(texts, text => Assert.DoesNotContain(0, tokenizer.Encode(text))); // no unknown word

        var task = new CausalPretrainingTask(model, new TextCorpus(texts, texts, tokenizer, ""), new TextPretrainingOptions());

        Assert.Equal(HeldOut(DecoderFolder, "accuracy"), task.Validate(TestContext.Current.CancellationToken).Find("accuracy")!.Value, 0.02);
    }

    // The heads of pre-training are not kept, so fresh linear probes read the pooled feature: ridge regression, which can only be worse.
    [Fact]
    public void The_pooled_feature_tells_what_is_where()
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        VitModel model = VitModel.FromFolder(VisionFolder);
        ScenePretrainingImages train = ScenePretrainingData.Images(1500, 77), heldOut = VisionPretraining.HeldOut(400, seed: 1);
        using VisionBatch known = All(train), fresh = All(heldOut);

        // The features end in a LayerNorm, so they and the column of ones are linearly dependent: without the ridge the solution is
        // whatever rounding makes of it, which differs from one processor to the next.
        Tensor features = Features(model, known).to(ScalarType.Float64);
        Tensor ridge = eye(features.shape[1], dtype: ScalarType.Float64).mul_(1e-2);
        Tensor solution = linalg.solve(features.t().mm(features).add_(ridge), features.t().mm(known.Attributes.to(ScalarType.Float64)))
            .to(ScalarType.Float32);
        var scores = new VisionScores();
        scores.Add(fresh, Features(model, fresh).mm(solution) - 0.5, []);
        var result = scores.Result();

        foreach (string name in (string[])["at-position-shape", "at-position-color", "at-position-size"])
            Assert.InRange(result.Find(name)!.Value, HeldOut(VisionFolder, name) - 0.15, 1);
        Assert.InRange(result.Find("accuracy")!.Value, HeldOut(VisionFolder, "accuracy") - 0.05, 1);
    }

    private static Tensor Features(VitModel model, VisionBatch batch)
    {
        Tensor pooled = model.Encode(batch.Pixels, OutputPositions.First).Pooled!;
        return cat([pooled, ones(pooled.shape[0], 1)], 1);
    }

    private static VisionBatch All(ScenePretrainingImages images) =>
        VisionBatch.Of(images, [.. Enumerable.Range(0, images.Count)]);

    private static long Count(nn.Module module) => module.parameters().Sum(parameter => parameter.numel());

    private static double HeldOut(string folder, string name) => Report(folder).GetProperty("held_out").GetProperty(name).GetDouble();

    private static JsonElement Report(string folder) =>
        JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "pretraining.json"))).RootElement;

    private static string Folder(string name) => Path.Combine(Root(), "recipes", "demo", "models", name);

    private static string Root([CallerFilePath] string here = "") => Path.GetFullPath(Path.Combine(here, "..", "..", "..", ".."));
}
