using System.Text.Json;
using TorchSharp;
using VLPeft.Checkpoints;
using Xunit;

namespace VLPeft.Tests.Cli;

/// <summary>Every setting that a recipe can choose trains, and what it is to train really moves.</summary>
public sealed class VariantTests(TinyWorld world) : IClassFixture<TinyWorld>
{
    [Theory]
    [InlineData("peft.routing=none")]
    [InlineData("peft.routing=multiply")]
    [InlineData("peft.routing=add")]
    [InlineData("peft.routing=matmul")]
    [InlineData("peft.routing=matmul-expand")]
    [InlineData("peft.routing=matmul-relu")]
    [InlineData("peft.routing=self-matmul")]
    [InlineData("peft.routing=matmul-ones")]
    [InlineData("peft.method=adapter")]
    [InlineData("peft.method=adapter", "peft.residual=true", "peft.activation=relu", "peft.dropout=0.1")]
    [InlineData("peft.bottleneck=cross-attention", "peft.routing=none", "peft.rank=16", "routing-feature.source=patches")]
    [InlineData("peft.bottleneck=split")]
    [InlineData("peft.bottleneck=split-merge")]
    [InlineData("peft.bottleneck=split-merge-residual", "peft.rank=16")]
    [InlineData("peft.bottleneck=after-up", "peft.routing=add")]
    [InlineData("peft.bottleneck=after-up", "peft.method=adapter")] // a product of two LoRA outputs, both zero at first, would never leave zero
    [InlineData("peft.layers=[1]", "peft.targets=[key, intermediate.dense]", "peft.train-layer-norms=false", "peft.train-target-biases=false")]
    [InlineData("text.prefix=none")]
    [InlineData("text.prefix=single", "text.readout=first")]
    [InlineData("text.prefix=reference", "text.readout=mean")]
    [InlineData("text.prefix=single", "text.prefix-source=patches", "vision.cache-storage=float16")]
    [InlineData("routing-feature.source=patches", "peft.routing=matmul")]
    [InlineData("routing-feature.source=ones")]
    [InlineData("routing-feature.source=noise")]
    [InlineData("routing-feature.source=zeros", "peft.routing=add")]
    [InlineData("data.shuffle-images=true", "data.limit-train=30", "data.repeat.other=2")]
    [InlineData("vision.train=true", "routing-feature.source=patches", "peft.routing=matmul")]
    [InlineData("vision.train=true", "vision.init=random", "routing-feature.projection=linear", "training.validate-every=2", "training.clip-norm=1")]
    [InlineData("text.pooler=fresh", "vision.pooler=fresh", "head.hidden=10", "head.dropout=0.2")]
    [InlineData("peft.method=full", "peft.routing=none")]
    [InlineData("peft.method=full", "peft.routing=none", "text.init=random", "text.tokenizer=questions", "text.max-length=12", "vision.train=true")]
    [InlineData("peft.method=frozen", "peft.routing=none")]
    [InlineData("peft.method=bitfit", "peft.routing=none", "peft.rank=~")]
    [InlineData("peft.method=layernorm", "peft.routing=none", "peft.rank=~", "peft.layers=[1]")]
    [InlineData("peft.method=prompt", "peft.routing=none", "peft.rank=~", "peft.length=3")]
    [InlineData("peft.method=prompt", "peft.routing=none", "peft.rank=~", "peft.length=3", "peft.reparametrization=5", "text.readout=mean")]
    [InlineData("peft.method=prefix", "peft.routing=none", "peft.rank=~", "peft.length=3", "peft.train-layer-norms=true")]
    [InlineData("peft.method=prefix", "peft.routing=none", "peft.rank=~", "peft.length=9", "peft.reparametrization=5", "text.readout=first")]
    [InlineData("peft.method=compacter", "peft.routing=none", "peft.activation=relu", "peft.dropout=0.1")]
    [InlineData("peft.method=compacter", "peft.routing=none", "peft.phm-dimension=2", "peft.phm-rank=0")]
    [InlineData("peft.method=ia3", "peft.routing=none", "peft.rank=~")]
    [InlineData("peft.method=dora", "peft.routing=none", "peft.alpha=8", "peft.scaling=sqrt-rank", "peft.rank-patterns=[{ pattern: value, rank: 2 }]")]
    [InlineData("peft.scaling=sqrt-rank", "peft.rank-patterns=[{ pattern: 'layer.0..*', rank: 2 }, { pattern: value, alpha: 3 }]")]
    [InlineData("training.optimizer=adamw-transformers", "training.schedule=cosine", "training.accumulate=2", "training.evaluate=last", "training.weight-decay=0.1")]
    [InlineData("training.steps=0", "training.epochs=1", "training.patience=1", "training.evaluate=best-loss", "training.bucket-by-length=false")]
    public void Trains(params string[] settings)
    {
        string run = world.New();
        CommandLine.Run(["train", world.Recipe, "-o", run, .. Set(["training.steps=3", "training.validate-every=0", .. settings])]).Expect(0);
        WhatTrainsMoves(run);
        using JsonDocument json = JsonDocument.Parse(CommandLine.Run("evaluate", run, "--json").Expect(0).Out);
        Assert.InRange(json.RootElement.GetProperty("accuracy").GetProperty("all").GetDouble(), 0, 100);
        Assert.True(double.IsFinite(json.RootElement.GetProperty("loss").GetDouble()));
        CommandLine.Run("predict", run, "-i", world.TestImage, "-q", "What is there?").Expect(0);
    }

    [Theory]
    [InlineData("linear")]
    [InlineData("pca")]
    public void FeaturesOfAnotherWidthAreProjected(string projection)
    {
        string run = world.New(), wide = world.NewVision(24);
        string[] args = ["train", world.Recipe, "-o", run, .. Set(["training.steps=3", $"vision.model={wide}", $"routing-feature.projection={projection}"])];
        CommandLine.Run(args).Expect(0);
        WhatTrainsMoves(run);
        Assert.Equal(projection == "pca", File.Exists(Path.Combine(run, "projection.safetensors")));
        CommandLine.Run("inspect", run).Expect(0);
        CommandLine.Run("evaluate", run).Expect(0);
        CommandLine.Run("predict", run, "-i", world.TestImage, "-q", "What is there?").Expect(0);
    }

    [Theory]
    [InlineData("peft.method=full", "text", "text.model")]
    [InlineData("vision.train=true", "vision", "vision.model")]
    public void AModelThatTrainedIsAFolderForTheNextRun(string setting, string folder, string key)
    {
        string first = world.New(), second = world.New();
        CommandLine.Run(["train", world.Recipe, "-o", first, .. Set(["training.steps=2", "peft.routing=none", setting])]).Expect(0);
        CommandLine.Run(["train", world.Recipe, "-o", second, .. Set(["training.steps=2", $"{key}={Path.Combine(first, folder)}"])]).Expect(0);
    }

    /// <summary>Every trained tensor has had a gradient: its first moment is not zero.</summary>
    internal static void WhatTrainsMoves(string run, params string[] inert)
    {
        using SafetensorsFile file = SafetensorsFile.Open(Path.Combine(run, "checkpoint.safetensors"));
        string[] moments = [.. file.Names.Where(name => name.StartsWith("exp_avg/", StringComparison.Ordinal))];
        Assert.NotEmpty(moments);
        string[] still = [.. moments.Where(name => !IsInert(name) && !inert.Any(end => name.EndsWith(end, StringComparison.Ordinal)) && file.Read(name).abs().max().ToDouble() == 0)];
        Assert.True(still.Length == 0, $"never got a gradient but 0: {string.Join(", ", still)}");
    }

    // A key's bias adds the same to all of a query's scores, so attention does not depend on it.
    private static bool IsInert(string name) => name.EndsWith("key.bias", StringComparison.Ordinal);

    private static string[] Set(string[] settings) => [.. settings.SelectMany(setting => new[] { "--set", setting })];
}
