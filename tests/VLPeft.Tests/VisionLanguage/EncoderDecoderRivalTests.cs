using TorchSharp;
using TorchSharp.Modules;
using VLPeft.Generation;
using VLPeft.Models;
using VLPeft.Models.Bart;
using VLPeft.Models.T5;
using VLPeft.Peft;
using VLPeft.Recipes;
using VLPeft.Tests.Models;
using VLPeft.VisionLanguage;
using Xunit;
using static TorchSharp.torch;

namespace VLPeft.Tests.VisionLanguage;

/// <summary>The methods that LoRA and Adapter are compared with, in an encoder-decoder.</summary>
[Collection(Seeded.Name)]
public sealed class EncoderDecoderRivalTests
{
    private static readonly BartConfig Bart = new()
    {
        VocabularySize = 30, Width = 12, EncoderLayers = 2, DecoderLayers = 2, EncoderHeads = 3, DecoderHeads = 3, EncoderIntermediate = 20, DecoderIntermediate = 20,
        MaxLength = 16, InitializerRange = 0.3, Dropout = BackboneDropout.None,
    };

    // 2 heads of 5 are not d = 12, which prefixes must not take for their width.
    private static readonly T5Config T5 = new()
    {
        VocabularySize = 30, Width = 12, HeadWidth = 5, Intermediate = 20, EncoderLayers = 2, DecoderLayers = 2, Heads = 2, Buckets = 8, MaxDistance = 10,
        Dropout = BackboneDropout.None,
    };

    private static readonly T5Config T5Gated = T5 with { FeedForward = T5FeedForwardKind.Gated, Activation = HiddenActivation.GeluTanh, TiedHead = false };

    private static readonly Tensor Ids = tensor(new long[,] { { 0, 9, 14, 2 }, { 0, 8, 2, 1 } }).DetachFromDisposeScope();
    private static readonly Tensor Mask = Ids.ne(Scalars.Of(1)).to(ScalarType.Int64).DetachFromDisposeScope();

    public static IEnumerable<TheoryDataRow<string, PeftMethod>> Methods =>
        from model in (string[])["bart", "t5", "t5-gated"]
        from method in (PeftMethod[])[PeftMethod.Bitfit, PeftMethod.Layernorm, PeftMethod.Prompt, PeftMethod.Prefix, PeftMethod.Compacter, PeftMethod.Ia3, PeftMethod.Dora]
        where model == "bart" || method != PeftMethod.Bitfit
        select new TheoryDataRow<string, PeftMethod>(model, method);

    /// <summary>A pattern of all that trains, and how many numbers that is, counted from the shapes: 6 attentions, 4 feed-forward layers.</summary>
    public static TheoryData<string, PeftMethod, string, long> Trained => new()
    {
        { "bart", PeftMethod.Bitfit, @".+\.bias", (6 * 4 * 12) + (4 * (20 + 12)) + (12 * 12) },
        { "bart", PeftMethod.Layernorm, @".+(?:layer_norm|layernorm_embedding)\.(?:weight|bias)", 12 * 2 * 12 },
        { "bart", PeftMethod.Ia3, @".+(?:\.[kv]_proj|\.fc2)\.ia3_l", (6 * 2 * 12) + (4 * 20) },
        { "bart", PeftMethod.Prefix, @".+attn\.prefix\.(?:keys|values)", 6 * 2 * 3 * 12 },
        { "bart", PeftMethod.Prompt, @"model\.shared\.prompt\..+", 3 * 12 },
        { "t5", PeftMethod.Layernorm, @".+layer_norm\.weight", 12 * 12 },
        { "t5", PeftMethod.Ia3, @".+(?:Attention\.[kv]|\.wo)\.ia3_l", (6 * 2 * 10) + (4 * 20) },
        { "t5", PeftMethod.Prefix, @".+Attention\.prefix\.(?:keys|values)", 6 * 2 * 3 * 10 },
        { "t5", PeftMethod.Prompt, @"shared\.prompt\..+", 3 * 12 },
        { "t5-gated", PeftMethod.Ia3, @".+(?:Attention\.[kv]|\.wo)\.ia3_l", (6 * 2 * 10) + (4 * 20) },
    };

    [Theory, MemberData(nameof(Trained))]
    public void WhatTrainsIsWhatTheMethodNamesAndNothingElse(string name, PeftMethod method, string trained, long numbers)
    {
        using var scope = NewDisposeScope();
        IEncoderDecoder text = Build(name);
        using PeftModel peft = Inject(text, method);
        Assert.All(peft.TrainableParameters, one => Assert.Matches($"^(?:{trained})$", one.Name));
        Assert.Equal(numbers, peft.TrainableParameters.Sum(one => one.Parameter.numel()));
        string[] own = [.. text.Module.named_parameters().Where(one => one.parameter.requires_grad).Select(one => one.name).Order()];
        bool added = method is PeftMethod.Ia3 or PeftMethod.Prefix or PeftMethod.Prompt;
        Assert.Equal(added ? [] : [.. peft.TrainableParameters.Select(one => one.Name).Order()], own);
    }

    [Theory, MemberData(nameof(Methods))]
    public void DecodesInStepsAsWholeTargetsAndComesBackFromDisk(string name, PeftMethod method)
    {
        using var scope = NewDisposeScope();
        IEncoderDecoder text = Build(name);
        using PeftModel peft = Inject(text, method);
        RivalModelTests.Randomize(peft);
        EncoderDecoderModel model = Model(text, peft);
        ImageTokens images = new(arange(Scalars.Of(2 * 3 * 6), ScalarType.Float32).mul(Scalars.Of(0.9)).sin().reshape(2, 1, 3, 6));
        Tensor targets = tensor(new long[,] { { text.StartId, 5, 9 }, { text.StartId, 4, 6 } }), whole = model.call(Ids, Mask, images, targets);
        using (IDecoderSession session = model.BeginDecoding(Ids, Mask, images, maxLength: 4))
        {
            Tiny.AssertClose(whole.select(1, 0).detach(), session.Start());
            Tiny.AssertClose(whole.select(1, 1).detach(), session.Next(tensor(new long[] { 5, 4 })));
        }
        Tensor alone = model.call(Ids.narrow(0, 1, 1).narrow(1, 0, 3), null, new ImageTokens(images.Features.narrow(0, 1, 1)), targets.narrow(0, 1, 1));
        Tiny.AssertClose(whole.narrow(0, 1, 1), alone);
        whole.pow(Scalars.Of(2)).sum().backward();
        peft.RequireGradients();

        using var folder = new TemporaryFolder();
        PeftFolder.Save(peft, folder.Path);
        IEncoderDecoder fresh = Build(name);
        using PeftModel loaded = PeftFolder.Load(folder.Path, fresh.Module);
        Assert.Equal(peft.Describe().ToString(), loaded.Describe().ToString());
        EncoderDecoderModel again = Model(fresh, loaded);
        again.Visual.load_state_dict(model.Visual.state_dict());
        Assert.True(again.call(Ids, Mask, images, targets).Equals(whole));
    }

    // Prompts and prefixes are read before they have learnt anything, and no weight of a Compacter starts at zero.
    [Theory, MemberData(nameof(Methods))]
    public void StartsAsTheModelItIsPutOn(string name, PeftMethod method)
    {
        using var scope = NewDisposeScope();
        Tensor targets = tensor(new long[,] { { 2, 5 }, { 2, 4 } });
        IEncoderDecoder text = Build(name);
        Tensor before = Model(text, null).call(Ids, Mask, null, targets).detach();
        using PeftModel peft = Inject(text, method);
        Tensor after = Model(text, peft).call(Ids, Mask, null, targets).detach();
        Assert.Equal(method is not (PeftMethod.Prompt or PeftMethod.Prefix or PeftMethod.Compacter), after.allclose(before, 1e-5, 1e-5));
    }

    // A prompt is text that was embedded otherwise: vectors that equal embedded words change nothing of what is computed, relative positions among them.
    [Theory, InlineData("bart"), InlineData("t5")]
    public void PromptVectorsAreReadAsEmbeddedWordsAre(string name)
    {
        using var scope = NewDisposeScope();
        IEncoderDecoder text = Build(name);
        Tensor ids = tensor(new long[,] { { 0, 9, 14 } }), targets = tensor(new long[,] { { 2, 5 } }), front = text.Embed(tensor(new long[,] { { 7, 8, 11 } })).detach();
        using PeftModel peft = Inject(text, PeftMethod.Prompt);
        using (no_grad())
            peft.UnitParameters.Single().Parameter.copy_(front[0]);
        using var memory = new EncoderMemory(text.Encode(cat([front, text.Embed(ids)], 1), null, 6), null);
        Tiny.AssertClose(text.Logits(text.Decode(targets, memory)), Model(text, peft).call(ids, null, null, targets));
    }

    // An image token is read without a position, too: the keys and values of three, given as a prefix, do the same in one layer.
    [Fact]
    public void APrefixHasNoRelativePositions()
    {
        using var scope = NewDisposeScope();
        T5Model text = Tiny.Eval(() => new T5Model(T5 with { EncoderLayers = 1 }));
        Tensor words = text.Embed(Ids), tokens = arange(Scalars.Of(3 * 12), ScalarType.Float32).mul(Scalars.Of(0.9)).sin().reshape(1, 3, 12);
        Tensor expected = text.Encode(cat([words, tokens.expand(2, -1, -1)], 1), null, 4).narrow(1, 0, 4).detach(), bare = text.Encode(words, null, 4).detach();
        var modules = text.named_modules().ToDictionary(one => one.name, one => one.module);
        const string layer = "encoder.block.0.layer.0";
        Tensor normed = ((T5LayerNorm)modules[$"{layer}.layer_norm"]).call(tokens[0]);
        Tensor keys = ((Linear)modules[$"{layer}.SelfAttention.k"]).call(normed), values = ((Linear)modules[$"{layer}.SelfAttention.v"]).call(normed);
        using PeftModel peft = Inject(text, PeftMethod.Prefix);
        var own = peft.UnitParameters.ToDictionary(one => one.Name, one => one.Parameter);
        using (no_grad())
        {
            own[$"{layer}.SelfAttention.prefix.keys"].copy_(keys);
            own[$"{layer}.SelfAttention.prefix.values"].copy_(values);
        }
        Tiny.AssertClose(expected, text.Encode(words, null, 4));
        Assert.False(expected.allclose(bare, 1e-3, 1e-3));
    }

    [Fact]
    public void BitFitNeedsBiases()
    {
        using var scope = NewDisposeScope();
        string message = Assert.Throws<InvalidInputException>(() => Inject(Build("t5"), PeftMethod.Bitfit)).Message;
        Assert.StartsWith("peft.method: bitfit ", message, StringComparison.Ordinal);
        Assert.Contains("a T5Model has none", message, StringComparison.Ordinal);
    }

    private static IEncoderDecoder Build(string name) => name switch
    {
        "bart" => Tiny.Eval(() => new BartModel(Bart)),
        "t5" => Tiny.Eval(() => new T5Model(T5)),
        _ => Tiny.Eval(() => new T5Model(T5Gated)),
    };

    private static PeftModel Inject(IEncoderDecoder text, PeftMethod method) =>
        PeftModel.Inject(text.Module, EncoderDecoderPeft.PlanOf(new PeftSection { Method = method, Rank = 4, Length = 3 }, text)!);

    private static EncoderDecoderModel Model(IEncoderDecoder text, PeftModel? peft)
    {
        var model = new EncoderDecoderModel(text, new VisualEmbedding(text, 6), new RoutingFeature(), routed: false) { Prompt = peft?.Prompt };
        model.eval();
        return model;
    }
}
