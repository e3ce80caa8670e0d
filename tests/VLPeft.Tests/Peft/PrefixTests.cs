using TorchSharp;
using TorchSharp.Modules;
using VLPeft.Models;
using VLPeft.Models.Bert;
using VLPeft.Peft;
using VLPeft.Tests.Models;
using Xunit;
using static TorchSharp.torch;

namespace VLPeft.Tests.Peft;

[Collection(Seeded.Name)]
public class PrefixTests
{
    private static readonly PrefixOptions Options = new(ModulePattern.FullMatch(@"encoder\.layer\.\d+\.attention\.self"), 4);

    private sealed class Extra(Tensor keys, Tensor values) : IExtraKeys
    {
        public (Tensor Keys, Tensor Values) Vectors() => (keys, values);
    }

    // Few keys and many, with and without gradients, take different ways.
    [Theory, InlineData(3, false, true), InlineData(3, true, true), InlineData(8, true, false), InlineData(20, false, true), InlineData(20, true, false)]
    public void EveryQueryReadsThePrefixBesideItsOwnKeys(long keys, bool gradients, bool masked)
    {
        using var scope = NewDisposeScope();
        manual_seed(3);
        Tensor q = randn(2, 3, 12).requires_grad_(gradients), k = randn(2, keys, 12), v = randn(2, keys, 12), extraK = randn(4, 12), extraV = randn(4, 12);
        Tensor mask = ones(2, keys);
        mask[1, 0] = 0;
        Tensor? bias = masked ? Attention.PaddingBias(mask, ScalarType.Float32) : null;
        Tensor actual = Attention.Attend(q, k, v, 3, bias, 0, extra: new Extra(extraK, extraV));

        // A head at a time: softmax(q [P_K; K]ᵀ / √e) [P_V; V].
        for (long row = 0; row < 2; row++)
            for (long head = 0; head < 3; head++)
            {
                Tensor Of(Tensor x) => x.narrow(-1, 4 * head, 4);
                Tensor scores = Of(q[row]).mm(cat([Of(extraK), Of(k[row])], 0).t()).Times(0.5);
                if (masked && row == 1)
                    scores = scores.index_fill(1, tensor(new long[] { 4 }), Scalars.Of(double.NegativeInfinity));
                Tensor expected = scores.softmax(-1).mm(cat([Of(extraV), Of(v[row])], 0));
                Tiny.AssertClose(expected, Of(actual[row]), 1e-5);
            }
    }

    [Fact]
    public void KeysAndValuesTrainInEveryAttentionAndLeaveWithTheUnit()
    {
        using var scope = NewDisposeScope();
        var text = (BertFamilyModel)Tiny.Build("roberta");
        (Tensor ids, Tensor mask) = Tiny.Questions(text.Config);
        Tensor before = text.Encode(text.Embed(ids), mask).detach();
        using PeftModel peft = PeftModel.Inject(text, Options.ToPlan());
        Assert.Equal(2 * 2 * 4 * 12, peft.Describe().TrainableParameters);
        Tensor with = text.Encode(text.Embed(ids), mask);
        Assert.False(with.allclose(before, 1e-4, 1e-4));
        with.pow(Scalars.Of(2)).sum().backward();
        peft.RequireGradients();
        Assert.Throws<InvalidOperationException>(peft.Merge);
        peft.Detach();
        Assert.True(text.Encode(text.Embed(ids), mask).Equals(before));
    }

    [Fact]
    public void ANetworkMakesAllOfOneEmbedding()
    {
        using var scope = NewDisposeScope();
        var text = (BertFamilyModel)Tiny.Build("roberta");
        using PeftModel peft = PeftModel.Inject(text, (Options with { Reparametrization = 5 }).ToPlan());
        var own = peft.UnitParameters.ToDictionary(one => one.Name, one => one.Parameter);
        const long shared = (4 * 12) + (5 * 12) + 5, layer = (24 * 5) + 24;
        Assert.Equal(shared + (2 * layer), peft.Describe().TrainableParameters);
        Assert.Equal(shared + layer, peft.Describe().Units[0].Parameters);

        Tensor inner = nn.functional.linear(Parameter(0, "embedding"), Parameter(0, "network.inner.weight"), Parameter(0, "network.inner.bias")).tanh();
        Tensor both = nn.functional.linear(inner, Parameter(1, "network.outer.weight"), Parameter(1, "network.outer.bias"));
        (Tensor keys, Tensor values) = ((PrefixUnit)peft.Units[1].Unit).Vectors();
        Tiny.AssertClose(both.narrow(1, 0, 12), keys, 1e-6);
        Tiny.AssertClose(both.narrow(1, 12, 12), values, 1e-6);

        Parameter Parameter(int of, string name) => own[$"encoder.layer.{of}.attention.self.prefix.{name}"];
    }

    [Fact]
    public void WhatIsNoAttentionAndLengthsOutOfRangeAreRefused()
    {
        using var scope = NewDisposeScope();
        var text = (BertFamilyModel)Tiny.Build("roberta");
        Refused("no attention", Options with { Attentions = ModulePattern.Suffixes("attention.self.query") });
        Refused("length", Options with { Length = 0 });
        Refused("reparametrization", Options with { Reparametrization = 0 });

        void Refused(string why, PrefixOptions options) =>
            Assert.Contains(why, Assert.Throws<InvalidInputException>(() => PeftModel.Inject(text, options.ToPlan())).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ABackboneInLessThanFp32TrainsItInFp32()
    {
        using var scope = NewDisposeScope();
        var text = (BertFamilyModel)Tiny.Build("roberta").to(ScalarType.BFloat16);
        (Tensor ids, Tensor mask) = Tiny.Questions(text.Config);
        PeftPlan plan = Options.ToPlan() with
        {
            Units =
            [
                .. Options.ToPlan().Units, .. new Ia3Options(ModulePattern.Suffixes("self.key"), ModulePattern.Suffixes("output.dense")).ToPlan().Units,
                .. new DoraOptions(ModulePattern.Suffixes("self.query"), 2, 2).ToPlan().Units,
                .. new CompacterOptions(ModulePattern.Suffixes("intermediate.dense"), 20, 4, HiddenActivation.Gelu).ToPlan().Units,
            ],
        };
        using PeftModel peft = PeftModel.Inject(text, plan);
        Assert.All(peft.UnitParameters, one => Assert.Equal(ScalarType.Float32, one.Parameter.dtype));
        Tensor hidden = text.Encode(text.Embed(ids), mask);
        Assert.Equal(ScalarType.BFloat16, hidden.dtype);
        hidden.to(ScalarType.Float32).pow(Scalars.Of(2)).sum().backward();
        peft.RequireGradients();
    }
}
