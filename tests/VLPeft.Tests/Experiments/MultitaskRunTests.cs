using System.Text.Json;
using PureHDF;
using TorchSharp;
using VLPeft.Data;
using VLPeft.Data.Features;
using VLPeft.Data.Scenes;
using VLPeft.Experiments;
using VLPeft.Recipes;
using VLPeft.Tests.Cli;
using VLPeft.Training;
using Xunit;

namespace VLPeft.Tests.Experiments;

/// <summary>Runs of several tasks; they compare bits, so nothing else draws random numbers meanwhile.</summary>
[Collection(Models.Seeded.Name)]
public sealed class MultitaskRunTests(MultitaskWorld world) : IClassFixture<MultitaskWorld>
{
    [Fact]
    public void ARunCancelledAtEveryStepEndsAsAnUndisturbedOne()
    {
        Recipe recipe = Recipe.Load(world.Recipe);
        string undisturbed = world.New(), run = world.New();
        Assert.Equal(TrainingStatus.Completed, Train(recipe, undisturbed).Status);
        int sessions = InterruptedRun.ToTheEnd((reporter, cancellation) => MultitaskRun.Train(recipe, run, reporter, cancellation));
        Assert.Equal(MultitaskWorld.Steps + 1, sessions);
        InterruptedRun.AssertSame(undisturbed, run, "mean");
    }

    [Fact]
    public void OneRunFolderAnswersAllKindsOfRequestsAsItsEvaluationDoes()
    {
        string run = world.New();
        CommandLine.Run("train", world.Recipe, "-o", run, "--set", "generation.beams=1").Expect(0);
        using JsonDocument json = JsonDocument.Parse(CommandLine.Run("evaluate", run, "--split", "validation", "--json").Expect(0).Out);
        JsonElement tasks = json.RootElement.GetProperty("tasks");
        Assert.Equal(["vqa", "gqa", "nlvr", "caption"], tasks.EnumerateObject().Select(task => task.Name));
        Assert.Equal(tasks.EnumerateObject().Average(task => task.Value.GetProperty("score").GetDouble()), json.RootElement.GetProperty("mean").GetDouble(), 1e-9);
        Assert.All(tasks.EnumerateObject(), task => Assert.InRange(task.Value.GetProperty("loss").GetDouble(), 0.01, 20));
        SceneSplitPaths paths = SceneDataset.PathsOf(Path.Combine(world.Tiny.Root, "data"), SceneSplit.Validation);
        string Picture(long id) => Path.Combine(paths.Images, $"{id:D12}.png");
        var files = new RunFiles(run);
        foreach ((VqaExample one, JsonElement said) in VqaV2Reader.Read(paths.Questions, paths.Annotations).Zip(Said(files, "vqa")))
            Assert.Equal(said.GetProperty("answer").GetString(), Predict(run, "vqa", one.Question, Picture(one.ImageId)));
        foreach ((GqaExample one, JsonElement said) in GqaReader.Read(paths.Gqa).Zip(Said(files, "gqa")))
            Assert.Equal(said.GetProperty("prediction").GetString(), Predict(run, "gqa", one.Question, Picture(one.ImageId)));
        foreach ((Nlvr2Example one, JsonElement said) in Nlvr2Reader.Read(paths.Nlvr).Zip(Said(files, "nlvr")))
            Assert.Equal(said.GetProperty("prediction").GetString(), Predict(run, "nlvr", one.Sentence, Picture(one.LeftId), Picture(one.RightId)));
        foreach (JsonElement said in Said(files, "caption"))
            Assert.Equal(said.GetProperty("caption").GetString(), Predict(run, "caption", null, Picture(said.GetProperty("image_id").GetInt64())));
    }

    [Fact]
    public void EvaluationGivesWhatTheTrainerSawOnValidation()
    {
        Recipe recipe = Recipe.Load(world.Recipe, "generation.beams=1", "caption.cider-images=0");
        string run = world.New();
        TrainingOutcome outcome = Train(recipe, run);
        using MultitaskExperiment experiment = MultitaskRun.Open(run, new StepReporter(), TestContext.Current.CancellationToken);
        MultitaskEvaluationReport report = MultitaskRun.Evaluate(experiment, new RunFiles(run), Split.Validation, cancellation: TestContext.Current.CancellationToken);
        Assert.Equal(outcome.Best["mean"].Value, report.Mean!.Value, 1e-9);
        Assert.Equal("best-mean", report.Checkpoint);
    }

    [Fact]
    public void FeaturesFromHdf5FilesGiveTheRunThatThePicturesThemselvesGive()
    {
        string scenes = world.New(), files = world.New(), file = Path.Combine(world.Tiny.Root, "features.h5");
        Train(Recipe.Load(world.Recipe), scenes);
        WriteFeatures(file);
        string tasks = string.Join(", ", new[] { "vqa", "gqa", "nlvr", "caption" }.Select(task => $"{{task: {task}, features: {file}}}"));
        Train(Recipe.Load(world.Recipe, $"multitask.tasks=[{tasks}]", "vision.model=~"), files);
        Assert.Equal(File.ReadAllText(Path.Combine(scenes, "metrics.jsonl")), File.ReadAllText(Path.Combine(files, "metrics.jsonl")));
        Assert.Equal(
            Predict(scenes, "gqa", "is there a circle above the square?", Path.Combine(world.Tiny.Root, "data", "train", "images", "000000000001.png")),
            CommandLine.Run("predict", files, "--task", "gqa", "--text", "is there a circle above the square?", "--image-id", "1").Expect(0).Out.Trim());
    }

    [Fact]
    public void LiveTensorsStayConstantOverTheSteps()
    {
        var live = new List<long>();
        Train(Recipe.Load(world.Recipe, "training.steps=60", "training.validate-every=25"), world.New(), _ => live.Add(DisposeScopeManager.Statistics.ThreadTotalLiveCount));
        const int warmUp = 30;
        Assert.All(live.Skip(warmUp + 1), count => Assert.Equal(live[warmUp], count));
    }

    [Theory]
    [InlineData("adapter", "matmul")]
    [InlineData("adapter", "none")]
    [InlineData("lora", "none")]
    [InlineData("full", "none")]
    public void WhatIsToTrainTrains(string method, string routing)
    {
        string run = world.New();
        CommandLine.Run("train", world.Recipe, "-o", run, "--set", $"peft.method={method}", "--set", $"peft.routing={routing}", "--set", "multitask.mixing=proportional").Expect(0);
        VariantTests.WhatTrainsMoves(run, ["visual_embedding.pos.0.weight"]); // grid tokens have no boxes
        string audit = File.ReadAllText(Path.Combine(run, "audit.txt"));
        Assert.Contains("of image tokens", audit, StringComparison.Ordinal);
        Assert.Contains("without the vision encoder", audit, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("multitask.tasks=[]", "multitask.tasks", "at least one task")]
    [InlineData("multitask.tasks=[{task: vqa}, {task: vqa}]", "each task once", "vqa, vqa")]
    [InlineData("multitask.tasks=[{task: gqa, data: {kind: vqav2, train: {questions: a, annotations: b}}}]", "gqa: data.kind", "expected gqa, scenes, got vqav2")]
    [InlineData("multitask.tasks=[{task: nlvr, data: {kind: nlvr2}}]", "nlvr", "data.train.questions")]
    [InlineData("multitask.tasks=[{task: vqa, feature: x}]", "unknown key 'multitask.tasks.feature'", "did you mean 'features'")]
    [InlineData("training.evaluate=best-accuracy", "best-mean")]
    [InlineData("text.prefix=single", "text.prefix")]
    [InlineData("routing-feature.source=patches", "routing-feature")]
    [InlineData("vision.train=true", "vision.train")]
    [InlineData("head.dropout=0.1", "head")]
    [InlineData("peft.routing=self-matmul", "mixes the tokens")]
    [InlineData("vision.model=~", "vision.model, vision.features, or the task's features")]
    [InlineData("text.max-length=60", "60 tokens", "48 positions")]
    public void SettingsThatDoNotFitAreRefused(string setting, params string[] words)
    {
        string error = CommandLine.Run("train", world.Recipe, "-o", world.New(), "--set", setting).Expect(2).Error;
        Assert.All(words, word => Assert.Contains(word, error.ReplaceLineEndings(" "), StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("--task is missing", "expected vqa, gqa, nlvr or caption", "--text", "x?")]
    [InlineData("one picture of two", "two pictures, left and right", "--task", "nlvr", "--text", "both pictures have a circle")]
    [InlineData("a text for a caption", "no text", "--task", "caption", "--text", "x")]
    [InlineData("no question", "a text, got none", "--task", "vqa")]
    public void RequestsThatDoNotFitAreRefused(string _, string words, params string[] arguments)
    {
        string run = Path.Combine(world.Tiny.Root, "refusing");
        if (!Directory.Exists(run))
            CommandLine.Run("train", world.Recipe, "-o", run, "--set", "training.steps=1").Expect(0);
        string picture = Path.Combine(world.Tiny.Root, "data", "train", "images", "000000000001.png");
        Assert.Contains(words, CommandLine.Run(["predict", run, "--image", picture, .. arguments]).Expect(2).Error.ReplaceLineEndings(" "), StringComparison.Ordinal);
    }

    private void WriteFeatures(string path)
    {
        Recipe recipe = Recipe.Load(world.Recipe);
        using MultitaskExperiment experiment = MultitaskExperiment.Prepare(recipe, new StepReporter(), TestContext.Current.CancellationToken);
        var file = new H5File();
        foreach (string picture in Enum.GetValues<SceneSplit>().SelectMany(split => Directory.EnumerateFiles(SceneDataset.PathsOf(recipe.Data.Folder!, split).Images)))
        {
            using torch.Tensor tokens = experiment.Tasks[0].OfFiles([picture]).Tokens!;
            var features = new float[tokens.shape[1], tokens.shape[2]];
            Buffer.BlockCopy(tokens.data<float>().ToArray(), 0, features, 0, features.Length * sizeof(float));
            file[$"COCO_train2014_{Path.GetFileNameWithoutExtension(picture)}"] = new H5Group { ["features"] = features };
        }
        file.Write(path);
    }

    private static JsonElement[] Said(RunFiles files, string task) =>
        [.. JsonSerializer.Deserialize<JsonElement>(File.ReadAllText(files.Predictions(Split.Validation, task))).EnumerateArray()];

    private static string Predict(string run, string task, string? text, params string[] pictures) =>
        CommandLine.Run(["predict", run, "--task", task, .. pictures.SelectMany(picture => new[] { "--image", picture }), .. text is null ? [] : new[] { "--text", text }]).Expect(0).Out.Trim();

    private static TrainingOutcome Train(Recipe recipe, string run, Action<long>? onStep = null) =>
        MultitaskRun.Train(recipe, run, new StepReporter(onStep), TestContext.Current.CancellationToken);
}
