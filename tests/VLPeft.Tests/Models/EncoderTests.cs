using TorchSharp;
using TorchSharp.Modules;
using VLPeft.Models;
using VLPeft.Models.Beit;
using VLPeft.Models.Bert;
using VLPeft.Models.Vit;
using Xunit;
using static TorchSharp.torch;

namespace VLPeft.Tests.Models;

/// <summary>What all backbones have in common.</summary>
[Collection(Seeded.Name)]
public sealed class EncoderTests
{
    public static TheoryData<string> Names => Tiny.Names;

    [Theory]
    [MemberData(nameof(Names))]
    public void Every_layer_with_weights_is_called_so_that_hooks_fire(string name)
    {
        using var scope = NewDisposeScope();
        nn.Module model = Tiny.Build(name);
        var silent = new HashSet<string>();
        foreach ((string path, nn.Module module) in model.named_modules())
        {
            if (module is not (Linear or LayerNorm or Embedding or Conv2d) || module is not nn.Module<Tensor, Tensor> layer)
                continue;
            silent.Add(path);
            layer.register_forward_hook((_, _, output) => { silent.Remove(path); return output; });
        }
        Assert.NotEmpty(silent);

        if (model is BertFamilyModel text)
            text.call(Tiny.Questions(text.Config).Ids, null, null);
        else
            ((IVisionEncoder)model).Encode(Tiny.Pixels);

        Assert.Empty(silent);
    }

    [Theory]
    [InlineData("vit", "encoder.layer.1.attention.attention.value")]
    [InlineData("vit", "encoder.layer.1.output.dense")]
    [InlineData("roberta", "encoder.layer.1.attention.self.query")]
    [InlineData("roberta", "encoder.layer.0.attention.output.dense")]
    public void A_hook_changes_the_output(string name, string path)
    {
        using var scope = NewDisposeScope();
        nn.Module model = Tiny.Build(name);
        Tensor before = Tiny.Run(model);
        var target = (nn.Module<Tensor, Tensor>)model.named_modules().Single(m => m.name == path).module;

        var hook = target.register_forward_hook((_, _, output) => output.Times(3));
        Tensor hooked = Tiny.Run(model);
        hook.remove();

        Assert.True((before - hooked).abs().max().ToDouble() > 1e-3);
        Tiny.AssertClose(before, Tiny.Run(model), 0);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Only_the_outputs_stay_alive(string name)
    {
        using var scope = NewDisposeScope();
        nn.Module model = Tiny.Build(name);
        Tensor pixels = Tiny.Pixels;
        (Tensor ids, Tensor mask) = Tiny.Questions(Tiny.Bert);
        foreach (bool gradients in new[] { false, true })
        {
            using var noGrad = gradients ? null : no_grad();
            using var inner = NewDisposeScope();
            int outputs = 2;
            if (model is IVisionEncoder vision)
                vision.Encode(pixels);
            else
                (_, outputs) = (((BertFamilyModel)model).Embed(ids), 1);
            Assert.Equal(outputs, inner.DisposablesCount);
            if (model is not BertFamilyModel text)
                continue;
            Tensor hidden = (Tensor)inner.DisposablesView.Single();
            text.Pool(text.Encode(hidden, mask));
            Assert.Equal(3, inner.DisposablesCount);
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void The_same_seed_builds_the_same_model(string name)
    {
        using var scope = NewDisposeScope();
        nn.Module first = Tiny.Build(name), second = Tiny.Build(name);
        foreach ((Tensor a, Tensor b) in first.parameters().Zip(second.parameters()))
            Assert.True(a.Equals(b));
    }

    [Fact]
    public void Fresh_weights_are_hugging_faces()
    {
        using var scope = NewDisposeScope();
        var roberta = Tiny.Eval(() => new BertFamilyModel(Tiny.Roberta with { VocabularySize = 500, Width = 60, InitializerRange = 0.02 }));
        foreach ((string path, Parameter parameter) in roberta.named_parameters())
        {
            if (path.EndsWith("bias", StringComparison.Ordinal))
                Assert.Equal(0, parameter.abs().max().ToDouble());
            else if (path.Contains("LayerNorm", StringComparison.Ordinal))
                Assert.True(parameter.eq(Scalars.Of(1)).all().ToBoolean());
            else if (parameter.numel() > 100)
                Assert.InRange(parameter.std().ToDouble(), 0.017, 0.023);
        }
        Assert.Equal(0, roberta.WordEmbeddingWeight[1].abs().max().ToDouble());
        Assert.Equal(0, roberta.get_parameter("embeddings.position_embeddings.weight")![1].abs().max().ToDouble());

        var vit = Tiny.Eval(() => new VitModel(Tiny.Vit with { ImageSize = 80 }));
        Assert.InRange(vit.get_parameter("embeddings.position_embeddings")!.std().ToDouble(), 0.27, 0.33);
        var beit = Tiny.Eval(() => new BeitModel(Tiny.Beit));
        Assert.True(beit.get_parameter("encoder.layer.1.lambda_2")!.eq(Scalars.Of(0.1f)).all().ToBoolean());
        Assert.Equal(0, beit.get_parameter("embeddings.cls_token")!.abs().max().ToDouble());
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_dispose_scope_does_not_take_the_weights_with_it(string name)
    {
        nn.Module model;
        using (NewDisposeScope())
            model = Tiny.Build(name);
        using var scope = NewDisposeScope();
        Assert.All(model.parameters(), p => Assert.True(p.isfinite().all().ToBoolean()));
        Assert.True(Tiny.Run(model).isfinite().all().ToBoolean());
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Bfloat16_weights_give_about_the_same(string name)
    {
        using var scope = NewDisposeScope();
        nn.Module model = Tiny.Build(name);
        Tensor expected = Tiny.Run(model);
        model.to(ScalarType.BFloat16);

        Tensor actual = model is IVisionEncoder vision ? vision.Encode(Tiny.Pixels.bfloat16()).LastHiddenState : Tiny.Run(model);

        Assert.Equal(ScalarType.BFloat16, actual.dtype);
        Tiny.AssertClose(expected, actual.to(ScalarType.Float32), 0.03 * expected.abs().max().ToDouble());
    }
}
