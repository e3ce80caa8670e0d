using TorchSharp;
using VLPeft.Checkpoints;
using VLPeft.Models;
using VLPeft.Models.Clip;
using Xunit;
using static TorchSharp.torch;

namespace VLPeft.Tests.Models;

/// <summary>CLIP in Hugging Face's form: folders, towers, boundaries.</summary>
[Collection(Seeded.Name)]
public sealed class ClipTests : IDisposable
{
    private static readonly ClipTowerConfig Tower = new(Width: 12, Layers: 2, Heads: 3, Intermediate: 20, HiddenActivation.QuickGelu);

    private static readonly ClipConfig Config = new()
    {
        Vision = new ClipVisionConfig { Tower = Tower, ImageSize = 16, PatchSize = 8 },
        Text = new ClipTextConfig { Tower = Tower, VocabularySize = 30, MaxLength = 8, EndId = 3, PadId = 1 },
        ProjectionWidth = 10,
    };

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_saved_model_computes_the_same_as_a_whole_and_as_an_encoder()
    {
        using var scope = NewDisposeScope();
        ClipModel saved = Save();
        Tensor ids = tensor(new long[,] { { 0, 7, 3, 1 }, { 0, 9, 8, 3 } });

        ClipModel loaded = ClipModel.FromFolder(folder.Path);
        IVisionEncoder encoder = VisionEncoders.FromFolder(folder.Path);

        Assert.Equal(saved.ConfigJson, loaded.ConfigJson);
        Assert.All(loaded.parameters().Concat(encoder.Module.parameters()), p => Assert.False(p.requires_grad));
        Tiny.AssertClose(saved.TextFeatures(ids), loaded.TextFeatures(ids), 2e-6);
        Tiny.AssertClose(saved.ImageFeatures(Tiny.Pixels), loaded.ImageFeatures(Tiny.Pixels), 2e-6);
        Tiny.AssertClose(saved.EncodeImage(Tiny.Pixels).LastHiddenState, encoder.Encode(Tiny.Pixels).LastHiddenState, 2e-6);
        Assert.Equal((12L, 5L), (encoder.Width, encoder.Positions));
    }

    [Fact]
    public void An_encoder_saved_alone_loads_again_with_and_without_its_pooled_feature()
    {
        using var scope = NewDisposeScope();
        Save();
        IVisionEncoder whole = VisionEncoders.FromFolder(folder.Path);
        HubFolder.Save(whole.Module, whole.ConfigJson, folder.File("alone"));

        IVisionEncoder alone = VisionEncoders.FromFolder(folder.File("alone"));
        IVisionEncoder bare = VisionEncoders.FromFolder(folder.File("alone"), new BackboneOptions { Pooler = PoolerSource.None });

        Tiny.AssertClose(whole.Encode(Tiny.Pixels).Pooled!, alone.Encode(Tiny.Pixels, OutputPositions.First).Pooled!, 2e-6);
        Assert.Equal([2, 1, 12], alone.Encode(Tiny.Pixels, OutputPositions.First).LastHiddenState.shape);
        Assert.False(bare.HasPooler);
        Assert.Null(bare.Encode(Tiny.Pixels).Pooled);
    }

    [Fact]
    public void Padding_behind_the_end_and_its_mask_change_nothing()
    {
        using var scope = NewDisposeScope();
        ClipModel model = Save();
        Tensor alone = model.TextFeatures(tensor(new long[,] { { 0, 7, 9, 3 } }));
        Tensor padded = tensor(new long[,] { { 0, 7, 9, 3, 1, 1 } });

        Tiny.AssertClose(alone, model.TextFeatures(padded), 1e-6);
        Tiny.AssertClose(alone, model.TextFeatures(padded, padded.ne(Scalars.Of(1))), 1e-6);
    }

    [Fact]
    public void An_end_of_2_means_the_largest_id()
    {
        using var scope = NewDisposeScope();
        ClipModel model = Save();
        string json = model.ConfigJson.Replace("\"eos_token_id\": 3", "\"eos_token_id\": 2", StringComparison.Ordinal);
        folder.Write("config.json", json);
        ClipModel legacy = ClipModel.FromFolder(folder.Path);
        Tensor ids = tensor(new long[,] { { 0, 3, 9, 5 } });

        ClipTextOutput first = model.EncodeText(ids), largest = legacy.EncodeText(ids);

        Tiny.AssertClose(first.LastHiddenState.select(1, 1), first.Pooled, 0);
        Tiny.AssertClose(largest.LastHiddenState.select(1, 2), largest.Pooled, 0);
    }

    [Fact]
    public void Inputs_that_do_not_fit_are_refused()
    {
        using var scope = NewDisposeScope();
        ClipModel model = Save();

        Assert.Contains("8 long", Assert.Throws<ArgumentException>(() => model.EncodeText(zeros(1, 9, ScalarType.Int64))).Message);
        Assert.Contains("0 … 29", Assert.Throws<ArgumentException>(() => model.EncodeText(tensor(new long[,] { { 30 } }))).Message);
        Assert.Contains("attention mask", Assert.Throws<ArgumentException>(() => model.EncodeText(zeros(1, 3, ScalarType.Int64), ones(1, 2))).Message);
        Assert.Contains("pixel values", Assert.Throws<ArgumentException>(() => model.EncodeImage(zeros(1, 3, 16, 8))).Message);
        Assert.Contains("(N, p)", Assert.Throws<ArgumentException>(() => model.Logits(zeros(1, 9), zeros(1, 10))).Message);
    }

    [Fact]
    public void Configurations_and_weights_that_do_not_fit_are_named()
    {
        using var scope = NewDisposeScope();
        ClipModel model = Save();
        void Refused(string old, string changed, string expected)
        {
            folder.Write("config.json", model.ConfigJson.Replace(old, changed, StringComparison.Ordinal));
            Assert.Contains(expected, Assert.Throws<InvalidInputException>(() => ClipModel.FromFolder(folder.Path)).Message);
        }

        Refused("\"vision_config\"", "\"picture_config\"", "vision_config");
        Refused("\"num_attention_heads\": 3", "\"num_attention_heads\": 5", "num_attention_heads");
        Refused("\"quick_gelu\"", "\"gelu_fast\"", "hidden_act");
        Refused("\"projection_dim\": 10", "\"projection_dim\": 11", "text_projection.weight");
    }

    // Totals of the published checkpoints.
    [Fact]
    public void Published_sizes()
    {
        ClipTowerConfig text = new(512, 12, 8, 2048, HiddenActivation.QuickGelu), vision = new(768, 12, 12, 3072, HiddenActivation.QuickGelu);
        var model = new ClipModel(
            new ClipConfig
            {
                Text = new ClipTextConfig { Tower = text, VocabularySize = 49408, MaxLength = 77 },
                Vision = new ClipVisionConfig { Tower = vision, ImageSize = 224, PatchSize = 32 },
                ProjectionWidth = 512,
            },
            device: META);
        Assert.Equal(151_277_313, model.parameters().Sum(p => p.numel()));
    }

    private ClipModel Save()
    {
        ClipModel model = Tiny.Eval(() => new ClipModel(Config, initializerRange: 0.3));
        HubFolder.Save(model, model.ConfigJson, folder.Path);
        return model;
    }
}
