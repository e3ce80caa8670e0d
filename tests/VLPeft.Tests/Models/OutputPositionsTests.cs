using TorchSharp;
using VLPeft.Models;
using VLPeft.Models.Beit;
using VLPeft.Models.Bert;
using VLPeft.Models.Vit;
using Xunit;
using static TorchSharp.torch;

namespace VLPeft.Tests.Models;

/// <summary>The last layer for position 0 alone gives what it gives for all positions.</summary>
[Collection(Seeded.Name)]
public sealed class OutputPositionsTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Text_values_and_gradients(long layers)
    {
        using var scope = NewDisposeScope();
        var model = Tiny.Eval(() => new BertFamilyModel(Tiny.Roberta with { Layers = layers }));
        (Tensor ids, Tensor mask) = Tiny.Questions(model.Config);

        Tensor all = model.Pool(model.Encode(model.Embed(ids), mask));
        Dictionary<string, Tensor?> expected = Gradients(model, all);
        Tensor last = model.Encode(model.Embed(ids), mask, OutputPositions.First);
        Tensor first = model.Pool(last);
        Dictionary<string, Tensor?> actual = Gradients(model, first);

        Assert.Equal([3, 1, 12], last.shape);
        Tiny.AssertClose(all, first, 1e-6);
        foreach ((string name, Tensor? gradient) in expected)
            Tiny.AssertClose(gradient!, actual[name]!, 1e-5);
    }

    [Fact]
    public void Vit()
    {
        using var scope = NewDisposeScope();
        var model = Tiny.Eval(() => new VitModel(Tiny.Vit));
        VisionOutput all = model.Encode(Tiny.Pixels), first = model.Encode(Tiny.Pixels, OutputPositions.First);

        Assert.Equal([2, 1, 12], first.LastHiddenState.shape);
        Tiny.AssertClose(all.LastHiddenState.narrow(1, 0, 1), first.LastHiddenState, 1e-6);
        Tiny.AssertClose(all.Pooled!, first.Pooled!, 1e-6);
    }

    [Theory]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(true, true)]
    public void Beit_pooled_at_the_class_token(bool relative, bool shared)
    {
        using var scope = NewDisposeScope();
        BeitConfig config = Tiny.Beit with { MeanPooling = false, RelativePositions = relative, SharedRelativePositions = shared };
        var model = Tiny.Eval(() => new BeitModel(config));
        using (no_grad())
        {
            foreach ((string name, Tensor table) in model.named_parameters().Where(p => p.name.EndsWith("table", StringComparison.Ordinal)))
                table.normal_(0, 1);
        }
        VisionOutput all = model.Encode(Tiny.Pixels), first = model.Encode(Tiny.Pixels, OutputPositions.First);

        Tiny.AssertClose(all.LastHiddenState.narrow(1, 0, 1), first.LastHiddenState, 1e-6);
        Tiny.AssertClose(all.Pooled!, first.Pooled!, 1e-6);
    }

    [Fact]
    public void Beit_pooled_over_all_patches_computes_them_all()
    {
        using var scope = NewDisposeScope();
        var model = Tiny.Eval(() => new BeitModel(Tiny.Beit));
        VisionOutput all = model.Encode(Tiny.Pixels), first = model.Encode(Tiny.Pixels, OutputPositions.First);

        Tiny.AssertClose(all.LastHiddenState, first.LastHiddenState, 0);
        Tiny.AssertClose(all.Pooled!, first.Pooled!, 0);
    }

    private static Dictionary<string, Tensor?> Gradients(nn.Module model, Tensor output)
    {
        model.zero_grad();
        output.pow(Scalars.Of(2)).sum().backward();
        return model.named_parameters().ToDictionary(p => p.name, p => p.parameter.grad?.clone());
    }
}
