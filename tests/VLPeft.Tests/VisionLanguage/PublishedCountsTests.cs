using TorchSharp;
using VLPeft.Models.Bart;
using VLPeft.Peft;
using VLPeft.Recipes;
using VLPeft.VisionLanguage;
using Xunit;
using static TorchSharp.torch;

namespace VLPeft.Tests.VisionLanguage;

/// <summary>What each method trains in VL-Adapter's setting, BART-base over features 2,048 wide, against the published percentages (method.md §6).</summary>
public sealed class PublishedCountsTests
{
    private const long Total = 139_420_416, VisualEmbedding = 1_582_848, LayerNorms = 32 * 2 * 768, LinearBiases = (18 * 4 * 768) + (12 * (3072 + 768));

    private static readonly BartConfig Base = new()
    {
        VocabularySize = 50265, Width = 768, EncoderLayers = 6, DecoderLayers = 6, EncoderHeads = 12, DecoderHeads = 12, EncoderIntermediate = 3072,
        DecoderIntermediate = 3072, MaxLength = 1024,
    };

    public static TheoryData<string, double, long> Published => new()
    {
        { "adapter", 4.18, (30 * ((2 * 768 * 96) + 96 + 768)) + LayerNorms },
        { "lora", 5.93, (36 * 2 * 128 * 768) + LinearBiases + LayerNorms },
        { "compacter", 2.70, (30 * ((2 * 768 * 96 / 2) + 96 + 768)) + (2 * 2 * 2) + LayerNorms },
        { "prompt", 2.00, (40 * 768) + (2 * 768 * 800) + 800 + 768 },
    };

    private static PeftSection Section(string method) => method switch
    {
        "adapter" => new() { Method = PeftMethod.Adapter, Rank = 96 },
        "lora" => new() { Method = PeftMethod.Lora, Rank = 128 },
        "compacter" => new() { Method = PeftMethod.Compacter, Rank = 96, PhmDimension = 2, PhmRank = 0 },
        "prompt" => new() { Method = PeftMethod.Prompt, Length = 40, Reparametrization = 800 },
        "bitfit" => new() { Method = PeftMethod.Bitfit },
        "ia3" => new() { Method = PeftMethod.Ia3 },
        _ => throw new ArgumentOutOfRangeException(nameof(method)),
    };

    [Theory, MemberData(nameof(Published))]
    public void ThePercentageIsThePublishedOne(string method, double percent, long trained)
    {
        long counted = Trained(method, out long added);
        Assert.Equal(trained, counted);
        Assert.Equal(percent, 100.0 * (counted + VisualEmbedding) / (Total + VisualEmbedding + added), 0.05);
    }

    // 18 attentions and 12 feed-forward layers; method.md has no published percentage.
    [Fact]
    public void WhatElseTrainsIsWhatTheShapesSay()
    {
        Assert.Equal(LinearBiases + (LayerNorms / 2), Trained("bitfit", out _));
        Assert.Equal((18 * 2 * 768) + (12 * 3072), Trained("ia3", out _));
    }

    private static long Trained(string method, out long added)
    {
        using var scope = NewDisposeScope();
        var text = new BartModel(Base, META);
        Assert.Equal(Total, text.parameters().Sum(one => one.numel()));
        using PeftModel peft = PeftModel.Inject(text, EncoderDecoderPeft.PlanOf(Section(method), text)!);
        PeftDescription audit = peft.Describe();
        added = audit.BottleneckParameters + audit.UnitParameters;
        return audit.TrainableParameters;
    }
}
