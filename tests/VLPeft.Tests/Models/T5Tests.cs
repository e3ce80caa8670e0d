using System.Text.Json.Nodes;
using TorchSharp;
using VLPeft.Models;
using VLPeft.Models.T5;
using Xunit;
using static TorchSharp.torch;

namespace VLPeft.Tests.Models;

/// <summary>T5's own: relative positions, of text alone and of text before something else, folders as they are found, and what is refused.</summary>
[Collection(Seeded.Name)]
public sealed class T5Tests : IDisposable
{
    private static readonly T5Config V10 = new()
    {
        VocabularySize = 30, Width = 12, HeadWidth = 5, Intermediate = 20, EncoderLayers = 2, DecoderLayers = 3, Heads = 2, Buckets = 8, MaxDistance = 10,
        Dropout = BackboneDropout.None,
    };

    private static readonly T5Config V11 = V10 with { FeedForward = T5FeedForwardKind.Gated, Activation = HiddenActivation.GeluTanh, TiedHead = false };

    private static readonly T5Model Model = Tiny.Eval(() => new T5Model(V10));

    private readonly TemporaryFolder folder = new();

    public static TheoryData<string> Versions => ["v1.0", "v1.1"];

    public void Dispose() => folder.Dispose();

    // Worked out by hand from the paper's rule: 8 buckets both ways are 4 a side, of which 2 hold one distance each; 2 … 3 and 4 … share the others
    // (2 · log(n / 2) / log(10 / 2) passes 1 at n = 4.47). 8 one way: 4 hold one distance each, and the bounds of the others are 4 · 2.5^(i / 4).
    [Fact]
    public void Distances_share_buckets_by_their_logarithm()
    {
        using var scope = NewDisposeScope();
        Tensor both = arange(Scalars.Of(-7), Scalars.Of(8), ScalarType.Int64), back = arange(Scalars.Of(-12), Scalars.Of(3), ScalarType.Int64);
        Assert.Equal([3, 3, 3, 2, 2, 2, 1, 0, 5, 6, 6, 6, 7, 7, 7], T5RelativePositions.Buckets(both, V10, T5Direction.Both).data<long>());
        Assert.Equal([7, 7, 7, 7, 7, 6, 5, 4, 4, 3, 2, 1, 0, 0, 0], T5RelativePositions.Buckets(back, V10, T5Direction.Back).data<long>());
    }

    [Fact]
    public void Order_matters_among_the_text_alone()
    {
        using var scope = NewDisposeScope();
        Tensor text = randn(1, 4, 12), pictures = randn(1, 3, 12), swapped = pictures.flip(1), turned = text.flip(1);
        Tensor states = Model.Encode(cat([text, pictures], 1), null, 4);

        Tiny.AssertClose(states.narrow(1, 0, 4), Model.Encode(cat([text, swapped], 1), null, 4).narrow(1, 0, 4));
        Assert.True((states - Model.Encode(cat([turned, pictures], 1), null, 4).index_select(1, tensor(new long[] { 3, 2, 1, 0, 4, 5, 6 }))).abs().max().ToDouble() > 1e-3);
        Assert.True((states - Model.Encode(cat([text, pictures], 1), null, 7)).abs().max().ToDouble() > 1e-3);
    }

    [Fact]
    public void A_target_position_does_not_see_those_behind_it()
    {
        using var scope = NewDisposeScope();
        using EncoderMemory memory = new(randn(2, 4, 12), null);
        Tensor ids = Ids(2, 6), other = ids.clone();
        other[.., 4].fill_(Scalars.Of(11));
        Tensor difference = (Model.Decode(ids, memory) - Model.Decode(other, memory)).abs().amax([0, 2]);
        Assert.Equal(0, difference.narrow(0, 0, 4).max().ToDouble());
        Assert.True(difference[4].ToDouble() > 1e-3);
    }

    [Fact]
    public void Padding_of_the_source_changes_nothing()
    {
        using var scope = NewDisposeScope();
        Tensor ids = Ids(2, 5), more = cat([ids, full(2, 3, Scalars.Of(9), ScalarType.Int64)], 1), targets = Ids(2, 3);
        Tensor mask = cat([ones(2, 5, ScalarType.Int64), zeros(2, 3, ScalarType.Int64)], 1);
        Tiny.AssertClose(Model.call(ids, null, targets), Model.call(more, mask, targets));
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public void A_saved_folder_gives_the_same(string version)
    {
        using var scope = NewDisposeScope();
        T5Model model = Tiny.Eval(() => new T5Model(Of(version)));
        HubFolder.Save(model, model.ConfigJson, folder.Path);
        T5Model loaded = T5Model.FromFolder(folder.Path);
        Assert.Equal(Of(version), loaded.Config);
        Assert.All(loaded.parameters(), parameter => Assert.False(parameter.requires_grad));
        Tiny.AssertClose(model.call(Ids(2, 5), null, Ids(2, 3)), loaded.call(Ids(2, 5), null, Ids(2, 3)));
    }

    [Fact]
    public void Copies_of_the_embedding_are_left_out_and_other_keys_refused()
    {
        using var scope = NewDisposeScope();
        Dictionary<string, Tensor> tensors = Model.state_dict();
        foreach (string name in new[] { "encoder.embed_tokens", "decoder.embed_tokens", "lm_head", "decoder.block.0.layer.1.EncDecAttention.relative_attention_bias" })
            tensors[name + ".weight"] = zeros(30, 12);
        Write(tensors);
        Tiny.AssertClose(Model.call(Ids(1, 3), null, Ids(1, 2)), T5Model.FromFolder(folder.Path).call(Ids(1, 3), null, Ids(1, 2)));

        tensors["extra"] = zeros(1);
        Write(tensors);
        Assert.Contains("extra", Assert.Throws<InvalidInputException>(() => T5Model.FromFolder(folder.Path)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("feed_forward_proj", "\"gated-tanh\"")]
    [InlineData("relative_attention_num_buckets", "6")]
    [InlineData("relative_attention_max_distance", "4")]
    [InlineData("eos_token_id", "30")]
    [InlineData("model_type", "\"mt5\"")]
    public void A_configuration_that_is_not_supported_is_refused_by_its_key(string key, string value)
    {
        JsonObject config = JsonNode.Parse(V10.ToJson())!.AsObject();
        config[key] = JsonNode.Parse(value);
        Assert.Contains($"\"{key}\"", Assert.Throws<InvalidInputException>(() => T5Config.FromJson(config.ToJsonString())).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_does_not_fit_is_refused_before_libtorch_sees_it()
    {
        using var scope = NewDisposeScope();
        using EncoderMemory memory = new(zeros(2, 4, 12), null);
        AssertRefused("0 … 29", () => Model.Embed(full(1, 2, Scalars.Of(30), ScalarType.Int64)));
        AssertRefused("(any, any, 12)", () => Model.Encode(zeros(1, 2, 11), null, 2));
        AssertRefused("0 … 2", () => Model.Encode(zeros(1, 2, 12), null, 3));
        AssertRefused("(1, 2)", () => Model.Encode(zeros(1, 2, 12), ones(1, 3), 2));
        AssertRefused("2 rows", () => Model.Decode(Ids(3, 2), memory));
        AssertRefused("Float32", () => Model.Encode(zeros(1, 2, 12, ScalarType.BFloat16), null, 2));
        AssertRefused("12", () => Model.Logits(zeros(1, 11)));
    }

    private static T5Config Of(string version) => version == "v1.0" ? V10 : V11;

    private static Tensor Ids(long rows, long count) => arange(Scalars.Of(0), Scalars.Of(rows * count), ScalarType.Int64).reshape(rows, count).remainder(Scalars.Of(30));

    private void Write(Dictionary<string, Tensor> tensors)
    {
        VLPeft.Checkpoints.SafetensorsWriter.Write(folder.File("model.safetensors"), tensors, new Dictionary<string, string>());
        folder.Write("config.json", Model.ConfigJson);
    }

    private static void AssertRefused(string part, Action act) => Assert.Contains(part, Assert.Throws<ArgumentException>(act).Message, StringComparison.Ordinal);
}
