using TorchSharp;
using VLPeft.Checkpoints;
using VLPeft.Models;
using VLPeft.Models.Beit;
using VLPeft.Models.Bert;
using VLPeft.Models.Vit;
using Xunit;
using static TorchSharp.torch;

namespace VLPeft.Tests.Models;

/// <summary>Hugging Face folders as they are found: prefixes, heads, old names, missing poolers.</summary>
[Collection(Seeded.Name)]
public sealed class FromFolderTests : IDisposable
{
    // Frozen models may take other kernels than those with gradients.
    private const double SameNumbers = 2e-6;

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    public static TheoryData<string> Names => Tiny.Names;

    [Theory]
    [MemberData(nameof(Names))]
    public void A_saved_model_computes_the_same_frozen_and_in_eval_mode(string name)
    {
        using var scope = NewDisposeScope();
        nn.Module saved = Tiny.Build(name);
        Save(saved, saved.state_dict());

        nn.Module loaded = Load(saved);

        Tiny.AssertClose(Tiny.Run(saved), Tiny.Run(loaded), SameNumbers);
        Assert.False(loaded.training);
        Assert.All(loaded.parameters(), p => Assert.False(p.requires_grad));
        Assert.All(loaded.named_buffers(), b => Assert.Equal(DeviceType.CPU, b.buffer.device_type));
    }

    [Theory]
    [InlineData("vit", "vit.", "classifier.weight", "classifier.bias", "decoder.0.weight", "vit.embeddings.mask_token")]
    [InlineData("beit", "beit.", "classifier.weight", "layernorm.weight", "lm_head.bias", "beit.embeddings.mask_token",
        "beit.encoder.layer.0.attention.attention.relative_position_bias.relative_position_index")]
    [InlineData("bert", "bert.", "cls.predictions.bias", "cls.seq_relationship.weight", "classifier.bias", "qa_outputs.weight",
        "bert.embeddings.position_ids")]
    [InlineData("roberta", "roberta.", "lm_head.dense.weight", "lm_head.decoder.weight", "lm_head.bias", "classifier.out_proj.weight",
        "roberta.embeddings.position_ids")]
    public void Prefix_and_heads(string name, string prefix, params string[] heads)
    {
        using var scope = NewDisposeScope();
        nn.Module saved = Tiny.Build(name);
        var tensors = saved.state_dict().ToDictionary(pair => prefix + pair.Key, pair => pair.Value);
        foreach (string head in heads)
            tensors[head] = zeros(2);
        Save(saved, tensors);

        Tiny.AssertClose(Tiny.Run(saved), Tiny.Run(Load(saved)), SameNumbers);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Anything_else_is_an_error_that_names_it(string name)
    {
        using var scope = NewDisposeScope();
        nn.Module saved = Tiny.Build(name);
        var tensors = saved.state_dict();
        tensors["encoder.layer.9.output.dense.bias"] = zeros(2);
        tensors.Remove("encoder.layer.1.output.dense.bias");
        tensors["encoder.layer.0.output.dense.bias"] = zeros(7);
        Save(saved, tensors);

        string message = Assert.Throws<InvalidInputException>(() => Load(saved)).Message;

        Assert.Contains(folder.Path, message, StringComparison.Ordinal);
        for (int layer = 0; layer < 10; layer += layer == 1 ? 8 : 1)
            Assert.Contains($"encoder.layer.{layer}.output.dense.bias", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Names_of_2019()
    {
        using var scope = NewDisposeScope();
        nn.Module saved = Tiny.Build("bert");
        Save(saved, saved.state_dict().ToDictionary(
            pair => "bert." + pair.Key.Replace("LayerNorm.weight", "LayerNorm.gamma", StringComparison.Ordinal)
                .Replace("LayerNorm.bias", "LayerNorm.beta", StringComparison.Ordinal),
            pair => pair.Value));

        Tiny.AssertClose(Tiny.Run(saved), Tiny.Run(Load(saved)), SameNumbers);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_missing_pooler(string name)
    {
        using var scope = NewDisposeScope();
        nn.Module saved = Tiny.Build(name);
        Save(saved, saved.state_dict().Where(pair => !pair.Key.StartsWith("pooler.", StringComparison.Ordinal)));

        Assert.Contains("pooler", Assert.Throws<InvalidInputException>(() => Load(saved)).Message, StringComparison.Ordinal);
        AssertPooler(saved, PoolerSource.None, false);
        AssertPooler(saved, PoolerSource.Fresh, true);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_pooler_that_is_not_wanted(string name)
    {
        using var scope = NewDisposeScope();
        nn.Module saved = Tiny.Build(name);
        Save(saved, saved.state_dict());

        AssertPooler(saved, PoolerSource.None, false);
        AssertPooler(saved, PoolerSource.Fresh, true);
    }

    [Fact]
    public void A_fresh_pooler_comes_from_the_seed()
    {
        using var scope = NewDisposeScope();
        nn.Module saved = Tiny.Build("roberta");
        Save(saved, saved.state_dict());
        Tensor Fresh(long seed)
        {
            manual_seed(seed);
            return Load(saved, new BackboneOptions { Pooler = PoolerSource.Fresh }).get_parameter("pooler.dense.weight")!;
        }

        Assert.True(Fresh(1).Equals(Fresh(1)));
        Assert.False(Fresh(1).Equals(Fresh(2)));
        Assert.InRange(Fresh(1).std().ToDouble(), 0.2, 0.4);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Dropout_of_the_configuration_or_of_the_options(string name)
    {
        using var scope = NewDisposeScope();
        nn.Module saved = Tiny.Build(name);
        Save(saved, saved.state_dict(), dropout: 0.4);

        nn.Module configured = Load(saved), none = Load(saved, new BackboneOptions { Dropout = BackboneDropout.None });
        configured.train();
        none.train();

        Assert.True((Tiny.Run(saved) - Tiny.Run(configured)).abs().max().ToDouble() > 1e-3);
        Tiny.AssertClose(Tiny.Run(saved), Tiny.Run(none), SameNumbers);
    }

    [Fact]
    public void The_registries_go_by_model_type()
    {
        using var scope = NewDisposeScope();
        Assert.Equal(["beit", "clip", "clip_resnet", "clip_vision_model", "efficientnet-lite0", "vit"], VisionEncoders.Known);
        Assert.Equal(["bert", "roberta"], TextEncoders.Known);
        nn.Module vit = Tiny.Build("vit");
        Save(vit, vit.state_dict());
        Assert.IsType<VitModel>(VisionEncoders.FromFolder(folder.Path));
        string message = Assert.Throws<InvalidInputException>(() => TextEncoders.FromFolder(folder.Path)).Message;
        Assert.Contains("model_type", message, StringComparison.Ordinal);
        Assert.Contains("\"bert\", \"roberta\"", message, StringComparison.Ordinal);
        Assert.Contains("\"vit\"", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_without_configuration_or_weights()
    {
        AssertRefused("absent", folder.File("absent"));
        AssertRefused("config.json");
        folder.Write("config.json", "{}");
        AssertRefused("model_type");
        folder.Write("config.json", Tiny.Vit.ToJson());
        AssertRefused("model.safetensors");
    }

    private void AssertRefused(string expected, string? path = null)
    {
        var error = Assert.Throws<InvalidInputException>(() => VisionEncoders.FromFolder(path ?? folder.Path));
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    private void AssertPooler(nn.Module saved, PoolerSource source, bool expected)
    {
        manual_seed(3);
        nn.Module loaded = Load(saved, new BackboneOptions { Pooler = source });
        Tiny.AssertClose(Tiny.Run(saved), Tiny.Run(loaded), SameNumbers);
        Assert.Equal(expected, loaded is IVisionEncoder vision ? vision.HasPooler : ((ITextEncoder)loaded).HasPooler);
        Assert.Equal(expected, loaded.state_dict().Keys.Any(key => key.StartsWith("pooler.", StringComparison.Ordinal)));
        Assert.All(loaded.modules(), module => Assert.False(module.training));
        if (loaded is IVisionEncoder encoder)
            Assert.Equal(expected, encoder.Encode(Tiny.Pixels).Pooled is not null);
    }

    private void Save(nn.Module model, IEnumerable<KeyValuePair<string, Tensor>> tensors, double dropout = 0)
    {
        BackboneDropout active = new(dropout, dropout, dropout);
        folder.Write("config.json", model switch
        {
            VitModel vit => (vit.Config with { Dropout = active }).ToJson(),
            BeitModel beit => (beit.Config with { Dropout = active }).ToJson(),
            _ => (((BertFamilyModel)model).Config with { Dropout = active }).ToJson(),
        });
        SafetensorsWriter.Write(folder.File("model.safetensors"), tensors);
    }

    private nn.Module Load(nn.Module like, BackboneOptions? options = null) => like is IVisionEncoder
        ? VisionEncoders.FromFolder(folder.Path, options).Module
        : TextEncoders.FromFolder(folder.Path, options).Module;
}
