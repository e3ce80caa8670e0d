using System.Text.Json;
using VLPeft.Cli.Workers;
using VLPeft.Data.Scenes;
using VLPeft.Evaluation.Captions;
using VLPeft.Experiments;
using Xunit;

namespace VLPeft.Tests.Cli;

/// <summary>The way of a user who captions: train, evaluate, caption, inspect.</summary>
public sealed class CaptionCommandTests(CaptionWorld world) : IClassFixture<CaptionWorld>
{
    [Fact]
    public void ARunIsTrainedEvaluatedLetSpeakAndInspected()
    {
        string run = world.New();
        CommandResult trained = CommandLine.Run("train", world.Recipe, "-o", run, "--seed", "3").Expect(0);
        Assert.Contains($"{run}: {CaptionWorld.Steps} steps; best", trained.Out, StringComparison.Ordinal);
        Assert.Contains("2 bottlenecks, 2 routed", trained.Error, StringComparison.Ordinal);
        Assert.Contains($"training captions: {TinyWorld.TrainImages * CaptionWorld.CaptionsPerImage}", trained.Error, StringComparison.Ordinal);
        Assert.True(File.Exists(Path.Combine(run, "best-cider.safetensors")) && File.Exists(Path.Combine(run, "best-loss.safetensors")));
        Evaluates(run);
        Captions(run);
        Assert.Equal(
            File.ReadAllText(Path.Combine(run, "audit.txt")).TrimEnd().Split('\n'), CommandLine.Run("inspect", run).Expect(0).Out.TrimEnd().Split('\n'));
    }

    private void Evaluates(string run)
    {
        using JsonDocument json = JsonDocument.Parse(CommandLine.Run("evaluate", run, "--split", "test", "--json").Expect(0).Out);
        JsonElement scores = json.RootElement.GetProperty("scores");
        Assert.Equal(TinyWorld.OtherImages, json.RootElement.GetProperty("images").GetInt32());
        Assert.Equal("best-cider", json.RootElement.GetProperty("checkpoint").GetString());
        Assert.True(json.RootElement.GetProperty("loss").GetDouble() > 0);
        Assert.Equal(JsonValueKind.Null, scores.GetProperty("METEOR").ValueKind);

        string captions = SceneDataset.PathsOf(world.Tiny.Data, SceneSplit.Test).Captions;
        CommandResult scored = CommandLine.Run("score", "captions", "--predictions", Path.Combine(run, "predictions-test.json"), "--references", captions, "--json").Expect(0);
        using JsonDocument official = JsonDocument.Parse(scored.Out);
        Assert.Equal(official.RootElement.GetProperty("scores").ToString(), scores.ToString()); // anyone's scorer of the files says the same
        Assert.Equal(TinyWorld.OtherImages + 1, File.ReadAllLines(Path.Combine(run, "per-image-test.csv")).Length);
        Assert.Contains("CIDEr", CommandLine.Run("evaluate", run, "--split", "validation").Expect(0).Out, StringComparison.Ordinal);
    }

    private void Captions(string run)
    {
        IReadOnlyDictionary<string, string> evaluated = CaptionResultFile.Read(Path.Combine(run, "predictions-test.json"));
        string folder = SceneDataset.PathsOf(world.Tiny.Data, SceneSplit.Test).Images, output = world.New("captions") + ".json";
        CommandResult written = CommandLine.Run("caption", run, "--image", folder, "--output", output).Expect(0);
        Assert.Empty(written.Out);
        Assert.Equal(evaluated, CaptionResultFile.Read(output)); // other batches, the same captions

        string first = Directory.EnumerateFiles(folder).Order(StringComparer.Ordinal).First();
        string id = $"{long.Parse(Path.GetFileNameWithoutExtension(first))}";
        Assert.Equal(evaluated[id], CommandLine.Run("caption", run, "-i", first).Expect(0).Out.TrimEnd());
        using JsonDocument json = JsonDocument.Parse(CommandLine.Run("caption", run, "-i", first, "--json").Expect(0).Out);
        Assert.Equal(evaluated[id], json.RootElement[0].GetProperty("caption").GetString());
        string greedy = CommandLine.Run("caption", run, "-i", first, "--beams", "1").Expect(0).Out.TrimEnd();
        using JsonDocument whole = JsonDocument.Parse(CommandLine.Run("caption", run, "-i", first, "--beams", "1", "--json").Expect(0).Out);
        Assert.Equal(whole.RootElement[0].GetProperty("caption").GetString(), greedy); // word by word, and at once
    }

    [Theory]
    [InlineData("peft.routing=none")]
    [InlineData("peft.routing=matmul", "peft.blocks=separate")]
    [InlineData("peft.routing=matmul-expand", "caption.loss=reference")]
    [InlineData("peft.method=adapter", "peft.routing=add")]
    [InlineData("peft.method=adapter", "peft.adapter-position=pre-norm")]
    [InlineData("peft.method=adapter", "peft.adapter-position=post-norm", "peft.routing=matmul")]
    [InlineData("peft.method=full", "peft.routing=none", "text.init=random")]
    [InlineData("peft.method=bitfit", "peft.routing=none", "peft.rank=~")]
    [InlineData("peft.method=prompt", "peft.routing=none", "peft.rank=~", "peft.length=2")]
    [InlineData("peft.method=prefix", "peft.routing=none", "peft.rank=~", "peft.length=2")]
    [InlineData("peft.method=compacter", "peft.routing=none", "peft.rank=8")]
    [InlineData("peft.method=ia3", "peft.routing=none", "peft.rank=~")]
    [InlineData("peft.method=dora", "peft.routing=none")]
    [InlineData("vision.train=true", "routing-feature.projection=linear")]
    [InlineData("routing-feature.source=patches", "text.prefix-source=patches", "peft.routing=matmul")]
    [InlineData("routing-feature.source=noise")]
    [InlineData("routing-feature.source=zeros")]
    [InlineData("routing-feature.projection=pca")]
    [InlineData("data.shuffle-images=true", "training.evaluate=best-loss")]
    [InlineData("data.limit-train=5", "training.evaluate=last", "generation.beams=1")]
    public void EveryVariantTrainsAndIsScored(params string[] settings)
    {
        string run = world.New();
        string[] set = [.. settings.SelectMany(setting => new[] { "--set", setting })];
        CommandLine.Run(["train", world.Recipe, "-o", run, "--set", "training.steps=2", "--set", "training.validate-every=2", .. set]).Expect(0);
        using JsonDocument json = JsonDocument.Parse(CommandLine.Run("evaluate", run, "--json").Expect(0).Out);
        Assert.Equal(TinyWorld.OtherImages, json.RootElement.GetProperty("images").GetInt32());
    }

    [Fact]
    public void ASplitThatIsNotThereIsNamed()
    {
        string run = world.New();
        CommandLine.Run("train", world.FileRecipe, "-o", run).Expect(0);
        CommandLine.Refused(["evaluate", run], "no test split", "data.test.captions");
    }

    [Fact]
    public async Task AWorkerTrainsAndScoresIt()
    {
        string run = world.New();
        string job = world.Write("job.json", JsonSerializer.Serialize(new Job(world.Recipe, ["seed=4"], run, Split.Test)) + "\n");
        CommandResult worker = (await CommandLine.End(CommandLine.Start($"exec < '{job}'", ["worker"]))).Expect(0);
        JobEvent last = JsonSerializer.Deserialize<JobEvent>(worker.Out.TrimEnd().Split('\n')[^1])!;
        Assert.True(last.IsDone, worker.Out);
        Assert.True(File.Exists(Path.Combine(run, "evaluation-test.json")));
    }

    [Fact]
    public void FeaturesAreKeptBeforehand()
    {
        CommandResult made = CommandLine.Run("features", world.Recipe, "--set", $"vision.cache={world.New("cache")}").Expect(0);
        Assert.Contains($"test: the features of {TinyWorld.OtherImages} pictures", made.Out, StringComparison.Ordinal);
    }

    [Fact]
    public void WhatCannotBeIsRefused()
    {
        string run = world.New(), answers = world.New(), empty = Directory.CreateDirectory(world.New("empty")).FullName;
        CommandLine.Run("train", world.Recipe, "-o", run).Expect(0);
        CommandLine.Run("train", world.Tiny.Recipe, "-o", answers).Expect(0);
        string picture = world.Tiny.TestImage, broken = world.New("broken") + ".png";
        File.WriteAllText(broken, "no picture");
        CommandLine.Refused(["caption", answers, "-i", picture], "task vqa", "captioning");
        CommandLine.Refused(["predict", run, "-i", picture, "-q", "what?"], "task captioning", "vqa");
        CommandLine.Refused(["evaluate", answers, "--meteor-data", empty], "--meteor-data", "which this is not");
        CommandLine.Refused(["evaluate", run, "--meteor-data", empty], "meteor-1.5.jar");
        CommandLine.Refused(["caption", run], "--image and --image-id", "neither");
        CommandLine.Refused(["caption", run, "-i", picture, "--image-id", "3"], "both");
        CommandLine.Refused(["caption", run, "-i", empty], empty, "found none");
        CommandLine.Refused(["caption", run, "-i", world.New("nothing")], "no such file or folder");
        CommandLine.Refused(["caption", run, "-i", broken], broken);
        CommandLine.Refused(["caption", run, "-i", picture, picture], "is the id of 2");
        CommandLine.Refused(["caption", run, "-i", picture, "--beams", "0"], "--beams");
        CommandLine.Refused(["caption", run, "--image-id", "3"], "--image");
        CommandLine.Refused(["caption", empty, "-i", picture], "no run folder");
    }

    [Theory]
    [InlineData("text.max-length=60", "48 positions")]
    [InlineData("generation.max-length=60", "generation.max-length", "48 positions")]
    [InlineData("text.model=text", "gpt2")]
    [InlineData("data.train.captions=nowhere.json", "nowhere.json", "no such file")]
    [InlineData("data.images=nowhere", "nowhere", "no such folder")]
    public void AFileThatDoesNotFitIsNamed(string setting, params string[] words)
    {
        if (setting == "text.model=text")
            setting = $"text.model={world.Tiny.Text}";
        CommandLine.Refused(["train", world.FileRecipe, "-o", world.New(), "--set", setting], words);
    }
}
