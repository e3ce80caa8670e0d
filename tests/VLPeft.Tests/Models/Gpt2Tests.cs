using System.Text.Json.Nodes;
using TorchSharp;
using VLPeft.Models;
using VLPeft.Models.Gpt2;
using Xunit;
using static TorchSharp.torch;

namespace VLPeft.Tests.Models;

/// <summary>GPT-2's own: causality, padding, the cache, folders as they are found, and what is refused.</summary>
[Collection(Seeded.Name)]
public sealed class Gpt2Tests : IDisposable
{
    private static readonly Gpt2Model Model = Tiny.Eval(() => new Gpt2Model(Tiny.Gpt2));

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_position_does_not_see_those_behind_it()
    {
        using var scope = NewDisposeScope();
        Tensor ids = Ids, other = ids.clone();
        other[.., 4].fill_(Scalars.Of(11));
        Tensor difference = (Model.call(ids, null) - Model.call(other, null)).abs().amax([0, 2]);
        Assert.Equal(0, difference.narrow(0, 0, 4).max().ToDouble());
        Assert.True(difference[4].ToDouble() > 1e-3);
    }

    [Fact]
    public void A_padded_token_changes_nothing_for_the_others()
    {
        using var scope = NewDisposeScope();
        Tensor ids = Ids, other = ids.clone(), mask = ones(2, 6, ScalarType.Int64);
        other[.., 2].fill_(Scalars.Of(11));
        mask[.., 2].fill_(Scalars.Of(0));
        Tensor difference = (Model.call(ids, mask) - Model.call(other, mask)).abs().amax([0, 2]);
        Assert.Equal(0, difference.narrow(0, 3, 3).max().ToDouble());
        Assert.True((Model.call(ids, mask) - Model.call(ids, null)).narrow(1, 3, 3).abs().max().ToDouble() > 1e-3);
    }

    [Theory]
    [InlineData(1, 1, 1, 1, 1, 1)]
    [InlineData(3, 3)]
    [InlineData(1, 4, 1)]
    public void Any_way_through_the_cache_gives_the_same(params int[] pieces)
    {
        using var scope = NewDisposeScope();
        Tensor words = Model.WordEmbeddings(Ids), mask = tensor(new long[,] { { 1, 1, 1, 1, 1, 1 }, { 1, 0, 1, 1, 0, 1 } });
        using KeyValueCache cache = Model.NewCache(2, 6);
        List<Tensor> parts = [];
        foreach (int count in pieces)
        {
            long past = cache.Length;
            parts.Add(Model.Encode(words.narrow(1, past, count), mask.narrow(1, 0, past + count), cache));
        }
        Assert.Equal(6, cache.Length);
        Tiny.AssertClose(Model.Encode(words, mask), cat(parts, 1));
    }

    [Fact]
    public void Nothing_is_recorded_for_a_backward_pass_with_a_cache()
    {
        using var scope = NewDisposeScope();
        Tensor words = randn(1, 2, 12, requires_grad: true);
        using KeyValueCache cache = Model.NewCache(1, 2);
        Assert.False(Model.Encode(words, null, cache).requires_grad);
        Assert.True(Model.Encode(words, null).requires_grad);
    }

    [Fact]
    public void What_does_not_fit_is_refused_before_libtorch_sees_it()
    {
        using var scope = NewDisposeScope();
        using KeyValueCache cache = Model.NewCache(2, 4), other = new(3, 2, 4, 12), doubles = new(2, 2, 4, 12, ScalarType.Float64);
        AssertRefused("0 … 29", () => Model.call(full(1, 2, Scalars.Of(30), ScalarType.Int64), null));
        AssertRefused("int64", () => Model.call(zeros(1, 2), null));
        AssertRefused("positions for 16", () => Model.call(zeros(1, 17, ScalarType.Int64), null));
        AssertRefused("positions for 16", () => Model.NewCache(1, 17));
        AssertRefused("at least 1", () => Model.NewCache(0, 4));
        AssertRefused("(any, any, 12)", () => Model.Encode(zeros(1, 2, 11), null));
        AssertRefused("Float32", () => Model.Encode(zeros(1, 2, 12, ScalarType.BFloat16), null));
        AssertRefused("(1, 2)", () => Model.Encode(zeros(1, 2, 12), ones(1, 3)));
        AssertRefused("12", () => Model.Logits(zeros(1, 11)));
        AssertRefused("holds 2 rows", () => Model.Encode(zeros(3, 1, 12), null, cache));
        AssertRefused("for 4 positions", () => Model.Encode(zeros(2, 5, 12), null, cache));
        AssertRefused("3 layers", () => Model.Encode(zeros(2, 1, 12), null, other));
        AssertRefused("Float64", () => Model.Encode(zeros(2, 1, 12), null, doubles));
        Assert.Equal(0, cache.Length);
        Assert.Equal([1, 16, 30], Model.call(zeros(1, 16, ScalarType.Int64), null).shape);
    }

    [Theory]
    [InlineData("")]
    [InlineData("transformer.")]
    public void A_folder_of_the_bare_model_or_with_its_head(string prefix)
    {
        using var scope = NewDisposeScope();
        Dictionary<string, Tensor> tensors = Model.state_dict().ToDictionary(pair => prefix + pair.Key["transformer.".Length..], pair => pair.Value);
        tensors[$"{prefix}h.0.attn.bias"] = ones(1, 1, 16, 16, ScalarType.Bool);
        tensors[$"{prefix}h.0.attn.masked_bias"] = tensor(-1e4);
        tensors["lm_head.weight"] = tensors[$"{prefix}wte.weight"];
        Save(tensors);

        Gpt2Model loaded = Gpt2Model.FromFolder(folder.Path);

        Tiny.AssertClose(Model.call(Ids, null), loaded.call(Ids, null), 2e-6);
        Assert.False(loaded.training);
        Assert.All(loaded.parameters(), parameter => Assert.False(parameter.requires_grad));
    }

    [Fact]
    public void A_missing_a_left_over_and_a_misshaped_key_are_all_named()
    {
        using var scope = NewDisposeScope();
        Dictionary<string, Tensor> tensors = Model.state_dict().ToDictionary(pair => pair.Key, pair => pair.Value);
        tensors.Remove("transformer.h.1.attn.c_attn.bias");
        tensors["transformer.h.7.ln_1.bias"] = zeros(12);
        tensors["transformer.h.0.attn.c_attn.weight"] = zeros(36, 12);
        Save(tensors);
        string message = Assert.Throws<InvalidInputException>(() => Gpt2Model.FromFolder(folder.Path)).Message;
        Assert.All(new[] { folder.Path, "h.1.attn.c_attn.bias", "h.7.ln_1.bias", "h.0.attn.c_attn.weight", "[12, 36]" },
            part => Assert.Contains(part, message, StringComparison.Ordinal));
    }

    [Fact]
    public void The_configuration_is_read_back_and_has_hugging_faces_defaults()
    {
        Gpt2Config odd = Tiny.Gpt2 with { Activation = HiddenActivation.Relu, LayerNormEps = 1e-6, EmbeddingDropout = 0.3, Dropout = new(0.1, 0.2) };
        Assert.Equal(odd, Gpt2Config.FromJson(odd.ToJson()));
        Gpt2Config bare = Gpt2Config.FromJson("""{"model_type": "gpt2", "activation_function": "gelu_new"}""");
        Assert.Equal((50257, 768, 12, 3072, 1024, 50256), (bare.VocabularySize, bare.Width, bare.Layers, bare.Intermediate, bare.MaxLength, bare.EndId));
    }

    [Theory]
    [InlineData("model_type", "\"gpt_neo\"")]
    [InlineData("n_head", "5")]
    [InlineData("eos_token_id", "30")]
    [InlineData("add_cross_attention", "true")]
    [InlineData("scale_attn_weights", "false")]
    [InlineData("scale_attn_by_inverse_layer_idx", "true")]
    [InlineData("tie_word_embeddings", "false")]
    public void A_configuration_that_is_not_supported_names_its_key(string key, string value)
    {
        var json = (JsonObject)JsonNode.Parse(Tiny.Gpt2.ToJson())!;
        json[key] = JsonNode.Parse(value);
        Assert.Contains(key, Assert.Throws<InvalidInputException>(() => Gpt2Config.FromJson(json.ToJsonString())).Message, StringComparison.Ordinal);
    }

    private static Tensor Ids => tensor(new long[,] { { 3, 7, 28, 1, 0, 5 }, { 9, 2, 4, 4, 17, 6 } });

    private void Save(Dictionary<string, Tensor> tensors)
    {
        folder.Write("config.json", Model.ConfigJson);
        VLPeft.Checkpoints.SafetensorsWriter.Write(folder.File("model.safetensors"), tensors);
    }

    private static void AssertRefused(string expected, Func<object> call) =>
        Assert.Contains(expected, Assert.Throws<ArgumentException>(call).Message, StringComparison.Ordinal);
}
