using TorchSharp;
using VLPeft.Models.Bert;
using Xunit;
using static TorchSharp.torch;

namespace VLPeft.Tests.Models;

[Collection(Seeded.Name)]
public sealed class LmHeadTests
{
    [Fact]
    public void Logits_are_the_tied_projection_of_the_transformed_state()
    {
        using var scope = NewDisposeScope();
        (BertFamilyModel model, LmHead head) = Build();
        Tensor hidden = randn(2, 5, 12);
        Dictionary<string, Tensor> p = head.state_dict();
        using (no_grad())
            p["bias"].normal_();

        Tensor x = nn.functional.gelu(nn.functional.linear(hidden, p["dense.weight"], p["dense.bias"]));
        Tensor normal = (x - x.mean([2], keepdim: true)) / x.var(2, false, keepdim: true).Plus(1e-12).sqrt();
        Tensor expected = einsum("btd,vd->btv", normal, model.WordEmbeddingWeight).Plus(p["bias"]);

        Tiny.AssertClose(expected, head.call(hidden, model.WordEmbeddingWeight), 1e-4);
    }

    // Pre-training in small: the head and the encoder learn a text by heart from masked positions.
    [Fact]
    public void Masked_words_can_be_learnt()
    {
        using var scope = NewDisposeScope();
        (BertFamilyModel model, LmHead head) = Build();
        Tensor ids = tensor(new long[,] { { 2, 5, 6, 7, 3 }, { 2, 8, 9, 10, 3 } }), masked = ids.clone();
        masked[.., 2] = 4;
        Tensor answers = ids[.., 2];
        using var optimizer = optim.Adam([.. model.parameters(), .. head.parameters()], 1e-2);
        double loss = double.MaxValue;
        for (int step = 0; step < 60; step++)
        {
            using var inner = NewDisposeScope();
            Tensor hidden = model.Encode(model.Embed(masked), null);
            Tensor error = nn.functional.cross_entropy(head.call(hidden[.., 2], model.WordEmbeddingWeight), answers);
            optimizer.zero_grad();
            error.backward();
            optimizer.step();
            loss = error.ToDouble();
        }
        Assert.InRange(loss, 0, 0.05);
    }

    private static (BertFamilyModel, LmHead) Build()
    {
        var model = Tiny.Eval(() => new BertFamilyModel(Tiny.Roberta with { InitializerRange = 0.1 }, pooler: false));
        return (model, new LmHead(model.Config));
    }
}
