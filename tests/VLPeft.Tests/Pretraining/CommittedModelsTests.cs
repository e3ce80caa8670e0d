using System.Runtime.CompilerServices;
using System.Text.Json;
using TorchSharp;
using VLPeft.Checkpoints;
using VLPeft.Data.Scenes;
using VLPeft.Models;
using VLPeft.Models.Bert;
using VLPeft.Models.Clip;
using VLPeft.Models.Gpt2;
using VLPeft.Preprocessing;
using VLPeft.Pretraining;
using VLPeft.Training;
using Xunit;
using static TorchSharp.torch;

namespace VLPeft.Tests.Pretraining;

/// <summary>The backbones in recipes/demo/models are what their pretraining.json says.</summary>
public sealed class CommittedModelsTests
{
    private static readonly string TextFolder = Folder("roberta-scenes"), DecoderFolder = Folder("gpt2-scenes"),
        ClipFolder = Folder("clip-scenes"), BothFolder = Folder("bart-scenes");

    [Theory, InlineData("vit-scenes", "vit", 117_760), InlineData("beit-scenes", "beit", 113_056)]
    public void A_vision_encoder_loads_with_the_documented_number_of_parameters_and_no_dropout(string name, string type, long parameters)
    {
        using var scope = NewDisposeScope();
        IVisionEncoder vision = VisionEncoders.FromFolder(Folder(name));
        using JsonDocument config = JsonDocument.Parse(vision.ConfigJson);

        Assert.Equal(type, config.RootElement.GetProperty("model_type").GetString());
        Assert.Equal(0, config.RootElement.GetProperty("hidden_dropout_prob").GetDouble());
        Assert.Equal(parameters, Count(vision.Module));
        Assert.Equal(parameters, Report(Folder(name)).GetProperty("parameters").GetProperty("backbone").GetInt64());
        Assert.Equal(32, ImageProcessor.FromFolder(Folder(name)).Width);
        Assert.True(new FileInfo(Path.Combine(Folder(name), "model.safetensors")).Length <= 1_000_000);
    }

    [Fact]
    public void The_text_encoder_loads_with_the_documented_number_of_parameters_and_no_dropout()
    {
        using var scope = NewDisposeScope();
        ITextEncoder text = TextEncoders.FromFolder(TextFolder, new BackboneOptions { Pooler = PoolerSource.None });

        Assert.Equal(208_448, Count(text.Module));
        Assert.Equal(208_448, Report(TextFolder).GetProperty("parameters").GetProperty("backbone").GetInt64());
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
        var options = new TextPretrainingOptions { Seed = 1, Texts = 30_000, MaxLength = 46 };
        TextCorpus corpus = TextCorpus.Of(options);
        Assert.Empty(corpus.HeldOut.Intersect(corpus.Train));
        Assert.Equal(Report(TextFolder).GetProperty("data").GetString(), corpus.Description);
        EvaluationResult result = new TextPretrainingTask(model, head, corpus, options).Validate(TestContext.Current.CancellationToken);

        foreach (string name in new[] { "loss", "accuracy" })
            Assert.Equal(HeldOut(TextFolder, name), result.Find(name)!.Value, 0.002);
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

    [Fact]
    public void Texts_are_restored_as_well_as_the_report_says()
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        IEncoderDecoder model = EncoderDecoders.FromFolder(BothFolder);
        Assert.Equal(Report(BothFolder).GetProperty("parameters").GetProperty("backbone").GetInt64(), Count(model.Module));
        Assert.True(new FileInfo(Path.Combine(BothFolder, "model.safetensors")).Length <= 1_200_000);
        var tokenizer = WordLevelTokenizer.Load(Path.Combine(BothFolder, "tokenizer.json"));
        Assert.Equal(tokenizer.VocabularySize, model.VocabularySize);
        Assert.All(SceneVocabulary.MultitaskWords, word => Assert.DoesNotContain(3, tokenizer.Encode(word))); // no unknown word
        var options = new TextPretrainingOptions { Architecture = TextArchitecture.Bart };
        TextCorpus corpus = TextCorpus.Of(options);
        Assert.Empty(corpus.HeldOut.Intersect(corpus.Train));
        Assert.Equal(Report(BothFolder).GetProperty("data").GetString(), corpus.Description);
        Assert.All(corpus.HeldOut, text => Assert.DoesNotContain(3, tokenizer.Encode(text)));

        EvaluationResult result = new DenoisingPretrainingTask(model, corpus with { Tokenizer = tokenizer }, options).Validate(TestContext.Current.CancellationToken);

        foreach (string name in new[] { "loss", "accuracy" })
            Assert.Equal(HeldOut(BothFolder, name), result.Find(name)!.Value, 0.002);
    }

    [Fact]
    public void Pictures_and_captions_are_found_and_patches_tell_as_much_as_the_report_says()
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        ClipModel model = ClipModel.FromFolder(ClipFolder);
        var tokenizer = WordLevelTokenizer.Load(Path.Combine(ClipFolder, "tokenizer.json"));
        ScenePretrainingPairs heldOut = ClipPretraining.HeldOut(500, seed: 1);
        EvaluationResult result = new ClipPretrainingTask(model, tokenizer, heldOut, heldOut, new ClipPretrainingOptions())
            .Validate(TestContext.Current.CancellationToken);
        IReadOnlyDictionary<string, double> probe = ClipPretraining.Probe(pixels => model.EncodeImage(pixels), seed: 1, heldOut.Images);

        Assert.Equal(229_633, Count(model));
        Assert.Equal(229_633, Report(ClipFolder).GetProperty("parameters").GetProperty("backbone").GetInt64());
        Assert.Equal((17L, 64L), (VisionEncoders.FromFolder(ClipFolder).Positions, VisionEncoders.FromFolder(ClipFolder).Width));
        // A quarter of the report's pictures.
        foreach (string name in (string[])["text-recall-at-1", "image-recall-at-1"])
            Assert.Equal(HeldOut(ClipFolder, name), result.Find(name)!.Value, 0.03);
        foreach ((string name, double share) in probe)
            Assert.Equal(HeldOut(ClipFolder, "probe-patch-" + name), share, 0.03);
    }

    // The heads of pre-training are not kept, so fresh linear probes read the pooled feature: ridge regression, which can only be worse.
    [Theory, InlineData("vit-scenes"), InlineData("beit-scenes")]
    public void The_pooled_feature_tells_what_is_where(string name)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        IVisionEncoder model = VisionEncoders.FromFolder(Folder(name));
        ScenePretrainingImages train = ScenePretrainingData.Images(1500, 77), heldOut = VisionPretraining.HeldOut(400, seed: 1);
        using VisionBatch known = All(train), fresh = All(heldOut);

        // The features end in a LayerNorm, so they and the column of ones are linearly dependent: without the ridge the solution is
        // whatever rounding makes of it, which differs from one processor to the next.
        Tensor features = Features(model, known).to(ScalarType.Float64);
        Tensor ridge = eye(features.shape[1], dtype: ScalarType.Float64).mul_(Scalars.Of(1e-2));
        Tensor solution = linalg.solve(features.t().mm(features).add_(ridge, Scalars.One), features.t().mm(known.Attributes.to(ScalarType.Float64)))
            .to(ScalarType.Float32);
        var scores = new VisionScores();
        scores.Add(fresh, Features(model, fresh).mm(solution).sub(Scalars.Of(0.5)), []);
        var result = scores.Result();

        foreach (string metric in (string[])["at-position-shape", "at-position-color", "at-position-size"])
            Assert.InRange(result.Find(metric)!.Value, HeldOut(Folder(name), metric) - 0.15, 1);
        Assert.InRange(result.Find("accuracy")!.Value, HeldOut(Folder(name), "accuracy") - 0.05, 1);
    }

    private static Tensor Features(IVisionEncoder model, VisionBatch batch)
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
