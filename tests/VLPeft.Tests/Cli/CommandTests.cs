using System.Text.Json;
using VLPeft.Data.Scenes;
using VLPeft.Experiments;
using Xunit;

namespace VLPeft.Tests.Cli;

/// <summary>The way of a user: train, evaluate, predict, inspect.</summary>
public sealed class CommandTests(TinyWorld world) : IClassFixture<TinyWorld>
{
    private const int Questions = TinyWorld.OtherImages * TinyWorld.QuestionsPerImage;

    [Fact]
    public void ARunIsTrainedEvaluatedAskedAndInspected()
    {
        string run = world.New();
        CommandResult trained = CommandLine.Run("train", world.Recipe, "-o", run, "--seed", "3").Expect(0);
        Assert.Contains($"{run}: {TinyWorld.Steps} steps; best", trained.Out, StringComparison.Ordinal);
        Assert.Contains("4 bottlenecks, 4 routed", trained.Error, StringComparison.Ordinal);
        Assert.Contains("encoder.layer.{0-1}.attention.self.query: Parallel, shared-down, r 4", trained.Error, StringComparison.Ordinal);
        Assert.Contains("training answers:", trained.Error, StringComparison.Ordinal);

        Evaluates(run);
        Predicts(run);
        Inspects(run);
        AFinishedRunIsLeftAsItIs(run);
    }

    private static void Evaluates(string run)
    {
        using JsonDocument json = JsonDocument.Parse(CommandLine.Run("evaluate", run, "--split", "test", "--json").Expect(0).Out);
        double accuracy = json.RootElement.GetProperty("accuracy").GetProperty("all").GetDouble();
        Assert.InRange(accuracy, 0, 100);
        Assert.Equal(Questions, json.RootElement.GetProperty("questions").GetInt32());
        Assert.True(json.RootElement.GetProperty("accuracy").EnumerateObject().Count() > 2, "accuracy by question type");

        CommandResult shown = CommandLine.Run("evaluate", run).Expect(0); // the test split, unless told
        Assert.Contains($"all {Questions} of test", shown.Out, StringComparison.Ordinal);
        Assert.Contains($"{accuracy:0.00}", shown.Out, StringComparison.Ordinal);
        Assert.Contains("predictions-test.json", shown.Out, StringComparison.Ordinal);
        using JsonDocument predictions = JsonDocument.Parse(File.ReadAllText(Path.Combine(run, "predictions-test.json")));
        Assert.Equal(Questions, predictions.RootElement.GetArrayLength());
        CommandLine.Run("evaluate", run, "--split", "Validation").Expect(0);
    }

    private void Predicts(string run)
    {
        string[] asked = ["predict", run, "--image", world.TestImage, "-q", "How many objects are there?"];
        using JsonDocument json = JsonDocument.Parse(CommandLine.Run([.. asked, "--json", "--top", "4"]).Expect(0).Out);
        JsonElement[] answers = [.. json.RootElement.GetProperty("answers").EnumerateArray()];
        double[] probabilities = [.. answers.Select(answer => answer.GetProperty("probability").GetDouble())];
        Assert.Equal(4, probabilities.Length);
        Assert.Equal(probabilities.OrderDescending(), probabilities);
        Assert.All(probabilities, p => Assert.InRange(p, 0, 1));
        Assert.Equal("How many objects are there?", json.RootElement.GetProperty("question").GetString());

        string shown = CommandLine.Run(asked).Expect(0).Out;
        Assert.Contains(answers[0].GetProperty("answer").GetString()!, shown, StringComparison.Ordinal);
        Assert.Contains($"{probabilities[0]:0.0000}", shown, StringComparison.Ordinal);
    }

    private static void Inspects(string run)
    {
        string[] lines = CommandLine.Run("inspect", run).Expect(0).Out.TrimEnd().Split('\n');
        Assert.Equal(File.ReadAllText(Path.Combine(run, "audit.txt")).TrimEnd().Split('\n'), lines);
    }

    private void AFinishedRunIsLeftAsItIs(string run)
    {
        var before = Snapshot(run);
        CommandResult again = CommandLine.Run("train", world.Recipe, "-o", run, "--seed", "3", "--json").Expect(0);
        using JsonDocument json = JsonDocument.Parse(again.Out);
        Assert.Equal("Completed", json.RootElement.GetProperty("status").GetString());
        Assert.Equal(TinyWorld.Steps, json.RootElement.GetProperty("steps").GetInt32());
        Assert.Equal(before, Snapshot(run));
    }

    // timing.jsonl says when the program was started, TensorBoard's files as well.
    private static Dictionary<string, string> Snapshot(string run) => Directory.EnumerateFiles(run, "*", SearchOption.AllDirectories)
        .Where(file => !file.EndsWith("timing.jsonl", StringComparison.Ordinal) && !file.Contains("tensorboard", StringComparison.Ordinal))
        .ToDictionary(file => file, file => Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(file))));

    [Fact]
    public void InspectNeedsNoDataNoWeightsAndListsEverythingAsJson()
    {
        string text = world.Copy(world.Text), vision = world.Copy(world.Vision);
        File.Delete(Path.Combine(text, "model.safetensors"));
        File.Delete(Path.Combine(vision, "model.safetensors"));
        string[] args = ["inspect", world.Recipe, "--set", $"text.model={text}", "--set", $"vision.model={vision}", "--set", "data.folder=/nowhere", "--answers", "50"];
        Assert.Contains("50 answers", CommandLine.Run(args).Expect(0).Out, StringComparison.Ordinal);
        using JsonDocument json = JsonDocument.Parse(CommandLine.Run([.. args, "--json"]).Expect(0).Out);
        JsonElement peft = json.RootElement.GetProperty("peft");
        JsonElement[] trained = [.. peft.GetProperty("also_trained").EnumerateArray()];
        Assert.Equal(4, peft.GetProperty("sites").GetArrayLength());
        Assert.Contains(trained, one => one.GetProperty("name").GetString() == "encoder.layer.1.output.LayerNorm.weight" && one.GetProperty("parameters").GetInt64() == 16);
        Assert.Equal(peft.GetProperty("also_trained_parameters").GetInt64(), trained.Sum(one => one.GetProperty("parameters").GetInt64()));
    }

    [Fact]
    public void FeaturesAreComputedOnceForAllWhoReadThem()
    {
        string cache = world.New("cache");
        string[] args = ["features", world.Recipe, "--set", $"vision.cache={cache}"];
        CommandResult first = CommandLine.Run(args).Expect(0);
        Assert.Contains($"train: the features of {TinyWorld.TrainImages} pictures", first.Out, StringComparison.Ordinal);
        Assert.Contains($"test: the features of {TinyWorld.OtherImages} pictures", first.Out, StringComparison.Ordinal);
        Assert.Contains("pooled features of the train pictures: 24 of 24", first.Error, StringComparison.Ordinal);
        CommandResult second = CommandLine.Run(args).Expect(0);
        Assert.Equal(first.Out, second.Out);
        Assert.DoesNotContain("pooled features", second.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void AnotherEncodersFeaturesAreNotReadFromTheSameCache()
    {
        string cache = world.New("cache");
        CommandLine.Run("features", world.Recipe, "--set", $"vision.cache={cache}").Expect(0);
        CommandResult other = CommandLine.Run("features", world.Recipe, "--set", $"vision.cache={cache}", "--set", $"vision.model={world.NewVision()}").Expect(0);
        Assert.Contains("24 of 24", other.Error, StringComparison.Ordinal);
        Assert.Equal(2, Directory.GetDirectories(cache).Length);
    }

    [Fact]
    public void AnswersOutsideTheVocabularyAreReported()
    {
        string answers = world.New("answers") + ".txt", run = world.New();
        File.WriteAllText(answers, "yes\nno\n");
        CommandResult trained = CommandLine.Run("train", world.Recipe, "-o", run, "--set", $"data.answers={answers}", "--set", "training.steps=2").Expect(0);
        string line = trained.Error.Split('\n').Single(one => one.Contains("training answers", StringComparison.Ordinal));
        Assert.Matches("[1-9][0-9]* of 720 answers are in the vocabulary; [1-9][0-9]* of 72 questions have none there", line);
        using JsonDocument json = JsonDocument.Parse(CommandLine.Run("evaluate", run, "--json").Expect(0).Out);
        Assert.InRange(json.RootElement.GetProperty("accuracy").GetProperty("all").GetDouble(), 0, 100);
    }

    [Fact]
    public void ScenesAreMadeOnceAndAnotherRequestForTheSameFolderIsRefused()
    {
        string folder = world.New("scenes");
        string[] args = ["data", "make-scenes", folder, "--train", "3", "--validation", "2", "--test", "2", "--questions", "4"];
        Assert.Contains("train: 3 pictures, 12 questions", CommandLine.Run(args).Expect(0).Out, StringComparison.Ordinal);
        Assert.True(File.Exists(SceneDataset.PathsOf(folder, SceneSplit.Train).Questions));
        Assert.Contains("was there already", CommandLine.Run(args).Expect(0).Out, StringComparison.Ordinal);
        CommandLine.Refused([.. args, "--seed", "2"], folder, "other options");
    }

    [Fact]
    public void ShippedRecipesAreListedShownAndInspected()
    {
        string listed = CommandLine.Run("recipes", "list").Expect(0).Out;
        Assert.Contains("demo/multiply", listed, StringComparison.Ordinal);
        Assert.DoesNotContain("_scenes", listed, StringComparison.Ordinal);
        using JsonDocument json = JsonDocument.Parse(CommandLine.Run("recipes", "list", "--json").Expect(0).Out);
        Assert.All(json.RootElement.EnumerateArray(), one => Assert.NotEmpty(one.GetProperty("description").GetString()!));
        string shown = CommandLine.Run("recipes", "show", "demo/multiply", "--set", "training.steps=7").Expect(0).Out;
        Assert.Contains("steps: 7", shown, StringComparison.Ordinal);
        Assert.Contains("routing: \"multiply\"", shown, StringComparison.Ordinal);
        string copy = world.New("recipe") + ".yaml";
        File.WriteAllText(copy, shown);
        Assert.Equal(shown, CommandLine.Run("recipes", "show", copy).Expect(0).Out); // what is shown is a recipe
    }

    [Fact]
    public void HelpIsShownWhereItIsAskedFor()
    {
        Assert.Contains("train <recipe>", CommandLine.Run("--help").Expect(0).Out, StringComparison.Ordinal);
        Assert.Contains("--output", CommandLine.Run("train", "--help").Expect(0).Out, StringComparison.Ordinal);
        Assert.Contains("Commands:", CommandLine.Run().Expect(2).Out, StringComparison.Ordinal);
        CommandLine.Run("--version").Expect(0);
    }

    [Fact]
    public void TheTrainingSplitCanBeEvaluatedAndARunWithoutPicturesAnswersWithoutThem()
    {
        string run = world.New();
        CommandLine.Run("train", world.Recipe, "-o", run, "--set", "text.prefix=none", "--set", "peft.routing=none", "--set", "training.steps=2").Expect(0);
        CommandLine.Run("predict", run, "-q", "is there a circle ?").Expect(0);
        Assert.Contains("image        not read", File.ReadAllText(Path.Combine(run, "audit.txt")), StringComparison.Ordinal);
        Assert.Contains("72 of train", CommandLine.Run("evaluate", run, "--split", "train").Expect(0).Out, StringComparison.Ordinal);
        Assert.True(File.Exists(new RunFiles(run).Evaluation(Split.Train)));
    }
}
