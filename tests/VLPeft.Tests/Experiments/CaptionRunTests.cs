using TorchSharp;
using VLPeft.Data.Features;
using VLPeft.Experiments;
using VLPeft.Recipes;
using VLPeft.Tests.Cli;
using VLPeft.Training;
using Xunit;

namespace VLPeft.Tests.Experiments;

/// <summary>Captioning runs through the library; they compare bits, so nothing else draws random numbers meanwhile.</summary>
[Collection(Models.Seeded.Name)]
public sealed class CaptionRunTests(CaptionWorld world) : IClassFixture<CaptionWorld>
{
    [Theory]
    [InlineData("vision.train=false")]
    [InlineData("vision.train=true")] // pictures are then prepared in other threads
    public void ARunCancelledAtEveryStepEndsAsAnUndisturbedOne(string setting)
    {
        Recipe recipe = Recipe.Load(world.Recipe, setting);
        string undisturbed = world.New(), run = world.New();
        Assert.Equal(TrainingStatus.Completed, Train(recipe, undisturbed).Status);
        int sessions = InterruptedRun.ToTheEnd((reporter, cancellation) => CaptionRun.Train(recipe, run, reporter, cancellation));
        Assert.Equal(CaptionWorld.Steps + 1, sessions); // the last one for what is left after the last step
        InterruptedRun.AssertSame(undisturbed, run, "cider");
    }

    [Fact]
    public async Task AKilledRunGoesOnToTheSameEnd()
    {
        string undisturbed = world.New(), run = world.New();
        string[] recipe = ["train", world.Recipe, "--set", "training.steps=60", "--set", "training.validate-every=20"];
        CommandLine.Run([.. recipe, "-o", undisturbed]).Expect(0);
        System.Diagnostics.Process process = CommandLine.Start([.. recipe, "-o", run]);
        await CommandLine.Until(process, () => File.Exists(Path.Combine(run, "checkpoint.safetensors")));
        CommandLine.Signal(process, CommandLine.Kill);
        await CommandLine.End(process);
        CommandLine.Run([.. recipe, "-o", run]).Expect(0);
        InterruptedRun.AssertSame(undisturbed, run, "cider");
    }

    [Fact]
    public void CaptionsAndPicturesNamedFileByFileGiveTheSameRun()
    {
        string scenes = world.New(), files = world.New();
        Train(Recipe.Load(world.Recipe), scenes);
        Train(Recipe.Load(world.FileRecipe), files);
        Assert.Equal(File.ReadAllText(Path.Combine(scenes, "metrics.jsonl")), File.ReadAllText(Path.Combine(files, "metrics.jsonl")));
    }

    [Fact]
    public void EvaluationGivesWhatTheTrainerSawOnValidation()
    {
        Recipe recipe = Recipe.Load(world.Recipe, "generation.beams=1", "caption.cider-images=0");
        string run = world.New();
        TrainingOutcome outcome = Train(recipe, run);
        using CaptionExperiment experiment = CaptionRun.Open(run, new StepReporter(), TestContext.Current.CancellationToken);
        CaptionScores scores = CaptionRun.Evaluate(experiment, new RunFiles(run), Split.Validation, cancellation: TestContext.Current.CancellationToken);
        Assert.Equal(outcome.Best["cider"].Value, scores.Report!.Scores["CIDEr"]!.Value, 1e-9);
        Assert.All(scores.Predictions, one => Assert.Equal(one.Caption, experiment.Caption( // one picture alone, in no batch
            experiment.Data.Get(Split.Validation).Images!.PathOf(long.Parse(one.ImageId)), cancellation: TestContext.Current.CancellationToken)));
    }

    [Theory]
    [InlineData("none")]
    [InlineData("matmul")]
    public void LiveTensorsStayConstantOverTheSteps(string routing)
    {
        Recipe recipe = Recipe.Load(world.Recipe, "training.steps=100", "training.log-every=1", "training.validate-every=30", $"peft.routing={routing}");
        var live = new List<long>();
        Train(recipe, world.New(), _ => live.Add(DisposeScopeManager.Statistics.ThreadTotalLiveCount));
        const int warmUp = 20; // two epochs
        Assert.All(live.Skip(warmUp + 1), count => Assert.Equal(live[warmUp], count));
    }

    private static TrainingOutcome Train(Recipe recipe, string run, Action<long>? onStep = null) =>
        CaptionRun.Train(recipe, run, new StepReporter(onStep), TestContext.Current.CancellationToken);
}
