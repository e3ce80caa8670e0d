using System.Text.Json.Nodes;
using VLPeft.Models;
using VLPeft.Models.Beit;
using VLPeft.Models.Bert;
using VLPeft.Models.Vit;
using Xunit;

namespace VLPeft.Tests.Models;

public sealed class ConfigTests
{
    private static readonly VitConfig OddVit = Tiny.Vit with
    {
        Channels = 1,
        Activation = HiddenActivation.GeluTanh,
        QkvBias = false,
        LayerNormEps = 1e-6,
        Dropout = new BackboneDropout(0.2, 0.3),
    };

    private static readonly BeitConfig OddBeit = Tiny.Beit with
    {
        Channels = 1,
        Activation = HiddenActivation.Relu,
        AbsolutePositions = true,
        SharedRelativePositions = true,
        MeanPooling = false,
        LayerScale = 0,
        LayerNormEps = 1e-6,
        Dropout = new BackboneDropout(0.2, 0.3, 0.4),
    };

    private static readonly BertFamilyConfig OddBert = Tiny.Bert with
    {
        PadId = 3,
        TokenTypes = 5,
        Activation = HiddenActivation.GeluTanh,
        LayerNormEps = 1e-6,
        Dropout = new BackboneDropout(0.2, 0.3),
    };

    [Fact]
    public void What_is_written_is_read_back()
    {
        Assert.Equal(OddVit, VitConfig.FromJson(OddVit.ToJson()));
        Assert.Equal(OddBeit, BeitConfig.FromJson(OddBeit.ToJson()));
        Assert.Equal(OddBert, BertFamilyConfig.FromJson(OddBert.ToJson()));
        Assert.Equal(Tiny.Roberta, BertFamilyConfig.FromJson(Tiny.Roberta.ToJson()));
    }

    // Files of 2019-2021 leave out what was not configurable yet.
    [Fact]
    public void Absent_keys_have_hugging_faces_defaults()
    {
        VitConfig vit = VitConfig.FromJson(Without(OddVit.ToJson(), "num_channels", "qkv_bias", "layer_norm_eps", "initializer_range",
            "hidden_dropout_prob", "attention_probs_dropout_prob", "architectures"));
        Assert.Equal(OddVit with { Channels = 3, QkvBias = true, LayerNormEps = 1e-12, InitializerRange = 0.02, Dropout = new(0, 0) }, vit);

        BertFamilyConfig bert = BertFamilyConfig.FromJson(Without(OddBert.ToJson(), "position_embedding_type", "type_vocab_size",
            "pad_token_id", "hidden_dropout_prob", "attention_probs_dropout_prob"));
        Assert.Equal(OddBert with { PadId = 0, TokenTypes = 2, Dropout = new(0.1, 0.1) }, bert);
        Assert.Equal(1, BertFamilyConfig.FromJson(Without(Tiny.Roberta.ToJson(), "pad_token_id")).PadId);

        BeitConfig beit = BeitConfig.FromJson(Without(OddBeit.ToJson(), "use_mean_pooling", "layer_scale_init_value", "drop_path_rate",
            "use_absolute_position_embeddings", "use_relative_position_bias", "use_shared_relative_position_bias"));
        Assert.Equal(OddBeit with
        {
            MeanPooling = true,
            LayerScale = 0.1,
            AbsolutePositions = false,
            RelativePositions = false,
            SharedRelativePositions = false,
            Dropout = new(0.2, 0.3, 0.1),
        }, beit);
    }

    [Theory]
    [InlineData("model_type", "\"deit\"")]
    [InlineData("hidden_act", "\"swish\"")]
    [InlineData("hidden_act", "7")]
    [InlineData("hidden_size", "13")]
    [InlineData("hidden_size", "0")]
    [InlineData("hidden_size", "12.5")]
    [InlineData("hidden_size", "\"12\"")]
    [InlineData("hidden_size", "1e300")]
    [InlineData("num_hidden_layers", "-1")]
    [InlineData("num_hidden_layers", "99999999999")]
    [InlineData("image_size", "[16, 16]")]
    [InlineData("image_size", "20")]
    [InlineData("image_size", "16777216")]
    [InlineData("layer_norm_eps", "0")]
    [InlineData("layer_norm_eps", "1e999")]
    [InlineData("hidden_dropout_prob", "1")]
    [InlineData("attention_probs_dropout_prob", "-0.1")]
    [InlineData("qkv_bias", "\"yes\"")]
    [InlineData("hidden_size", null)]
    [InlineData("patch_size", "null")]
    public void A_wrong_value_is_an_error_that_names_file_and_key(string key, string? value)
    {
        string json = With(Tiny.Vit.ToJson(), key, value);
        var error = Assert.Throws<InvalidInputException>(() => VitConfig.FromJson(json, "folder/config.json"));
        Assert.Contains("folder/config.json", error.Message, StringComparison.Ordinal);
        Assert.Contains($"\"{key}\"", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("model_type", "\"gpt2\"")]
    [InlineData("position_embedding_type", "\"relative_key\"")]
    [InlineData("is_decoder", "true")]
    [InlineData("add_cross_attention", "true")]
    [InlineData("pad_token_id", "30")]
    [InlineData("max_position_embeddings", "2")]
    [InlineData("vocab_size", null)]
    public void What_the_text_encoders_lack_is_an_error(string key, string? value)
    {
        string json = With(Tiny.Roberta.ToJson(), key, value);
        var error = Assert.Throws<InvalidInputException>(() => BertFamilyConfig.FromJson(json, "c.json"));
        Assert.Contains($"\"{key}\"", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[1]")]
    [InlineData("null")]
    public void A_text_that_is_no_json_object_is_an_error(string json)
    {
        var error = Assert.Throws<InvalidInputException>(() => BeitConfig.FromJson(json, "c.json"));
        Assert.Contains("c.json", error.Message, StringComparison.Ordinal);
    }

    private static string Without(string json, params string[] keys)
    {
        JsonObject root = JsonNode.Parse(json)!.AsObject();
        foreach (string key in keys)
            Assert.True(root.Remove(key), key);
        return root.ToJsonString();
    }

    private static string With(string json, string key, string? value)
    {
        JsonObject root = JsonNode.Parse(json)!.AsObject();
        root.Remove(key);
        string text = root.ToJsonString();
        return value is null ? text : $"{{\"{key}\": {value}, {text[1..]}";
    }
}
