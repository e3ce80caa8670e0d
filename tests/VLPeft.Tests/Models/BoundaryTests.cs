using TorchSharp;
using VLPeft.Models;
using VLPeft.Models.Bert;
using VLPeft.Models.Vit;
using Xunit;
using static TorchSharp.torch;

namespace VLPeft.Tests.Models;

/// <summary>Inputs that do not fit are refused with a message of our own, before libtorch sees them.</summary>
[Collection(Seeded.Name)]
public sealed class BoundaryTests
{
    private static readonly BertFamilyModel Text = Tiny.Eval(() => new BertFamilyModel(Tiny.Roberta));

    public static TheoryData<string, Func<Tensor>> BadIds => new()
    {
        { "(B, T)", () => tensor(new long[] { 1, 2, 3 }) },
        { "(B, T)", () => zeros(0, 3, ScalarType.Int64) },
        { "(B, T)", () => zeros(2, 0, ScalarType.Int64) },
        { "int64", () => zeros(1, 3) },
        { "int64", () => zeros(1, 3, ScalarType.Int32) },
        { "0 … 29", () => tensor(new long[,] { { 0, 30 } }) },
        { "0 … 29", () => tensor(new long[,] { { -1, 3 } }) },
        { "24", () => full(1, 25, Scalars.Of(2), ScalarType.Int64) },
    };

    [Theory]
    [MemberData(nameof(BadIds))]
    public void Ids(string expected, Func<Tensor> ids)
    {
        using var scope = NewDisposeScope();
        AssertRefused(expected, () => Text.Embed(ids()));
        AssertRefused(expected, () => Text.WordEmbeddings(ids()));
    }

    [Fact]
    public void The_longest_question_fits()
    {
        using var scope = NewDisposeScope();
        Assert.Equal(24, Text.MaxLength);
        Assert.Equal([1, 24, 12], Text.Encode(Text.Embed(full(1, 24, Scalars.Of(2), ScalarType.Int64)), null).shape);
        Assert.Equal([1, 24, 12], Text.EmbedFromInputs(zeros(1, 24, 12)).shape);
        var bert = Tiny.Eval(() => new BertFamilyModel(Tiny.Bert));
        Assert.Equal([1, 26, 12], bert.Embed(full(1, 26, Scalars.Of(2), ScalarType.Int64)).shape);
    }

    [Fact]
    public void Token_types()
    {
        using var scope = NewDisposeScope();
        Tensor ids = full(1, 3, Scalars.Of(2), ScalarType.Int64);
        Assert.Throws<ArgumentException>(() => Text.Embed(ids, ones(1, 3, ScalarType.Int64)));
        Assert.Throws<ArgumentException>(() => Text.Embed(ids, zeros(1, 2, ScalarType.Int64)));
        Assert.Throws<ArgumentException>(() => Text.EmbedFromInputs(zeros(1, 3, 12), zeros(1, 2, ScalarType.Int64)));
    }

    [Fact]
    public void Hidden_states_and_mask()
    {
        using var scope = NewDisposeScope();
        Tensor hidden = zeros(2, 3, 12);
        Assert.Throws<ArgumentException>(() => Text.Encode(zeros(2, 3, 13), null));
        Assert.Throws<ArgumentException>(() => Text.Encode(zeros(3, 12), null));
        Assert.Throws<ArgumentException>(() => Text.Encode(zeros(1, 25, 12), null));
        Assert.Throws<ArgumentException>(() => Text.Encode(zeros(2, 3, 12, ScalarType.Float64), null));
        Assert.Throws<ArgumentException>(() => Text.EmbedFromInputs(zeros(2, 3, 11)));
        Assert.Throws<ArgumentException>(() => Text.EmbedFromInputs(zeros(2, 3, 12, ScalarType.BFloat16)));
        Assert.Throws<ArgumentException>(() => Text.Encode(hidden, ones(2, 4)));
        Assert.Throws<ArgumentException>(() => Text.Encode(hidden, ones(3, 3)));
        Assert.Throws<ArgumentException>(() => Text.Encode(hidden, ones(2, 1, 1, 3)));
        Assert.Throws<ArgumentException>(() => Text.Pool(zeros(2, 12)));
    }

    // Any type of mask means the same.
    [Theory]
    [InlineData(ScalarType.Bool)]
    [InlineData(ScalarType.Float32)]
    [InlineData(ScalarType.Int32)]
    public void Mask_types(ScalarType type)
    {
        using var scope = NewDisposeScope();
        (Tensor ids, Tensor mask) = Tiny.Questions(Tiny.Roberta);
        Tensor hidden = Text.Embed(ids);
        Tensor expected = Text.Encode(hidden, mask);
        Tiny.AssertClose(expected, Text.Encode(hidden, mask.to(type)), 0);
        Assert.True((expected - Text.Encode(hidden, null)).abs().max().ToDouble() > 1e-3);
    }

    [Fact]
    public void Pixels()
    {
        using var scope = NewDisposeScope();
        var vit = Tiny.Eval(() => new VitModel(Tiny.Vit));
        Tensor[] wrong = [zeros(1, 3, 16, 8), zeros(1, 3, 32, 32), zeros(1, 1, 16, 16), zeros(3, 16, 16), zeros(0, 3, 16, 16)];
        foreach (Tensor pixels in wrong)
            AssertRefused("(any, 3, 16, 16)", () => vit.Encode(pixels));
        AssertRefused("Byte", () => vit.Encode(zeros(1, 3, 16, 16, ScalarType.Byte)));
    }

    [Fact]
    public void Without_a_pooler_there_is_no_pooled_output()
    {
        using var scope = NewDisposeScope();
        var text = Tiny.Eval(() => new BertFamilyModel(Tiny.Roberta, pooler: false));
        Tensor ids = full(1, 3, Scalars.Of(2), ScalarType.Int64);
        Assert.False(text.HasPooler);
        Assert.Null(text.call(ids, null, null).Pooled);
        Assert.Throws<InvalidOperationException>(() => text.Pool(zeros(1, 3, 12)));
        var vit = Tiny.Eval(() => new VitModel(Tiny.Vit, pooler: false));
        Assert.False(vit.HasPooler);
        Assert.Null(vit.Encode(Tiny.Pixels).Pooled);
    }

    [Fact]
    public void Lm_head()
    {
        using var scope = NewDisposeScope();
        LmHead head = new(Tiny.Roberta);
        Assert.Throws<ArgumentException>(() => head.call(zeros(2, 11), Text.WordEmbeddingWeight));
        Assert.Throws<ArgumentException>(() => head.call(zeros(2, 12), zeros(30, 11)));
        Assert.Throws<ArgumentException>(() => head.call(zeros(2, 12), zeros(29, 12)));
    }

    private static void AssertRefused(string expected, Func<object> call) =>
        Assert.Contains(expected, Assert.Throws<ArgumentException>(call).Message, StringComparison.Ordinal);
}
