using TorchSharp;
using VLPeft.Models;
using VLPeft.Models.Beit;
using VLPeft.Models.Bert;
using VLPeft.Models.Vit;
using Xunit;
using static TorchSharp.torch;

namespace VLPeft.Tests.Models;

/// <summary>The dropout of frozen backbones: in train mode it drops, in eval mode it does not.</summary>
[Collection(Seeded.Name)]
public sealed class DropoutTests
{
    public static TheoryData<string, double, double, double> Cases => new()
    {
        { "vit", 0.3, 0, 0 },
        { "vit", 0, 0.3, 0 },
        { "beit", 0.3, 0, 0 },
        { "beit", 0, 0.3, 0 },
        { "beit", 0, 0, 0.6 },
        { "roberta", 0.3, 0, 0 },
        { "roberta", 0, 0.3, 0 },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void Each_kind_is_active_in_train_mode_only(string name, double hidden, double attention, double path)
    {
        using var scope = NewDisposeScope();
        Tensor plain = Tiny.Run(Build(name, BackboneDropout.None));
        nn.Module model = Build(name, new BackboneDropout(hidden, attention, path));

        Tiny.AssertClose(plain, Tiny.Run(model), 0);
        model.train();
        manual_seed(1);
        Tensor first = Tiny.Run(model), second = Tiny.Run(model);
        Assert.True((first - second).abs().max().ToDouble() > 1e-3);
        model.eval();
        Tiny.AssertClose(plain, Tiny.Run(model), 0);
    }

    [Theory]
    [InlineData("vit")]
    [InlineData("beit")]
    [InlineData("roberta")]
    public void Without_it_train_mode_computes_the_same(string name)
    {
        using var scope = NewDisposeScope();
        nn.Module model = Build(name, BackboneDropout.None);
        Tensor eval = Tiny.Run(model);
        model.train();
        Tiny.AssertClose(eval, Tiny.Run(model), 0);
    }

    // With hidden dropout alone the places are: embeddings, attention output, feed-forward output, in each layer.
    [Fact]
    public void Embeddings_are_dropped_with_the_hidden_probability()
    {
        using var scope = NewDisposeScope();
        var model = (BertFamilyModel)Build("roberta", new BackboneDropout(0.25, 0));
        model.train();
        manual_seed(1);
        Tensor embedded = model.Embed(full(64, 20, Scalars.Of(5), dtype: ScalarType.Int64));
        Assert.InRange(embedded.eq(Scalars.Of(0)).to(ScalarType.Float32).mean().ToDouble(), 0.23, 0.27);
    }

    [Fact]
    public void A_skipped_path_leaves_the_residual_and_the_first_layer_is_never_skipped()
    {
        using var scope = NewDisposeScope();
        var model = (BeitModel)Build("beit", new BackboneDropout(0, 0, 0.999));
        model.train();
        manual_seed(1);
        IReadOnlyList<Tensor> states = model.Encode(Tiny.Pixels, hiddenStates: true).HiddenStates!;
        Assert.True((states[0] - states[1]).abs().amax([1, 2]).gt(Scalars.Of(1e-4)).all().ToBoolean());
        Tiny.AssertClose(states[1], states[2], 0);
    }

    private static nn.Module Build(string name, BackboneDropout dropout) => Tiny.Eval<nn.Module>(name switch
    {
        "vit" => () => new VitModel(Tiny.Vit with { Dropout = dropout }),
        "beit" => () => new BeitModel(Tiny.Beit with { Dropout = dropout }),
        _ => () => new BertFamilyModel(Tiny.Roberta with { Dropout = dropout }),
    });
}
