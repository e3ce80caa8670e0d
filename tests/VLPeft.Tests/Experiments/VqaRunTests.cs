using TorchSharp;
using VLPeft.Data;
using VLPeft.Experiments;
using VLPeft.Recipes;
using VLPeft.Tests.Cli;
using VLPeft.Training;
using Xunit;

namespace VLPeft.Tests.Experiments;

/// <summary>Runs through the library; they compare bits, so nothing else draws random numbers meanwhile.</summary>
[Collection(Models.Seeded.Name)]
public sealed class VqaRunTests(TinyWorld world) : IClassFixture<TinyWorld>
{
    [Theory]
    [InlineData("vision.train=false")]
    [InlineData("vision.train=true")] // pictures are then prepared in other threads
    public void ARunCancelledAtEveryStepEndsAsAnUndisturbedOne(string setting)
    {
        Recipe recipe = Recipe.Load(world.Recipe, setting);
        string undisturbed = world.New(), run = world.New();
        Assert.Equal(TrainingStatus.Completed, Train(recipe, undisturbed).Status);

        int sessions = InterruptedRun.ToTheEnd((reporter, cancellation) => VqaRun.Train(recipe, run, reporter, cancellation));
        Assert.Equal(TinyWorld.Steps + 1, sessions); // the last one for what is left after the last step
        InterruptedRun.AssertSame(undisturbed, run, "accuracy");
    }

    [Fact]
    public void TheSameSeedGivesTheSameBytesAndAnotherSeedOthers()
    {
        string a = world.New(), b = world.New(), c = world.New();
        Train(Recipe.Load(world.Recipe), a);
        Train(Recipe.Load(world.Recipe), b);
        Train(Recipe.Load(world.Recipe, "seed=9"), c);
        Assert.True(Bytes(a, "checkpoint.safetensors").AsSpan().SequenceEqual(Bytes(b, "checkpoint.safetensors")));
        Assert.False(Bytes(a, "metrics.jsonl").AsSpan().SequenceEqual(Bytes(c, "metrics.jsonl")));
    }

    [Theory]
    [InlineData("none", false)]
    [InlineData("multiply", false)]
    [InlineData("matmul", true)]
    public void LiveTensorsStayConstantOverTheSteps(string routing, bool trainVision)
    {
        Recipe recipe = Recipe.Load(world.Recipe, "training.steps=300", "training.log-every=1", "training.validate-every=100",
            $"peft.routing={routing}", $"vision.train={(trainVision ? "true" : "false")}");
        var live = new List<long>();
        Train(recipe, world.New(), _ => live.Add(Live()));
        Assert.Equal(300, live.Count);
        const int warmUp = 12; // two epochs
        if (trainVision)
            // Tensors that another thread makes and this one frees are counted down here.
            Assert.All(live.Skip(warmUp + 1), count => Assert.True(count <= live[warmUp], $"{count} tensors, {live[warmUp]} after two epochs"));
        else
            Assert.All(live.Skip(warmUp + 1), count => Assert.Equal(live[warmUp], count));
    }

    [Fact]
    public void EvaluationGivesWhatTheTrainerSawOnValidation()
    {
        Recipe recipe = Recipe.Load(world.Recipe, "training.evaluate=best-accuracy");
        string run = world.New();
        TrainingOutcome outcome = Train(recipe, run);
        using VqaExperiment experiment = VqaRun.Open(run, new StepReporter(), TestContext.Current.CancellationToken);
        VqaScores scores = VqaRun.Evaluate(experiment, new RunFiles(run), Split.Validation, TestContext.Current.CancellationToken);
        Assert.Equal(outcome.Best["accuracy"].Value, scores.Accuracy!.Overall.Unrounded, 1e-9);
        VqaAnswer answer = experiment.Answer(
            experiment.Data.Get(Split.Validation).Examples[0].Question,
            experiment.Data.Get(Split.Validation).Images!.PathOf(experiment.Data.Get(Split.Validation).Examples[0].ImageId))[0];
        Assert.Equal(scores.Predictions[0].Answer, answer.Answer); // one question alone, in no batch
    }

    [Fact]
    public void AnEpochRepeatsQuestionsByTheirAnswersType()
    {
        Recipe recipe = Recipe.Load(world.Recipe, "data.repeat.other=3", "data.repeat.number=2");
        using VqaExperiment experiment = VqaExperiment.Prepare(
            recipe, new RunFiles(world.New()), new StepReporter(), TestContext.Current.CancellationToken);
        VqaTask task = experiment.Task();
        var seen = new Dictionary<int, int>();
        foreach (VqaBatch batch in task.Batches(epoch: 1, skip: 0))
        {
            using (batch)
                foreach (int question in batch.Questions)
                    seen[question] = seen.GetValueOrDefault(question) + 1;
        }
        IReadOnlyList<VqaExample> examples = experiment.Data.Get(Split.Train).Examples;
        Assert.Equal(3, examples.Select(example => example.AnswerType).Distinct().Count());
        Assert.All(examples.Select((example, row) => (example, row)), one => Assert.Equal(
            one.example.AnswerType switch { "yes/no" => 1, "number" => 2, _ => 3 }, seen[one.row]));
    }

    private static TrainingOutcome Train(Recipe recipe, string run, Action<long>? onStep = null) =>
        VqaRun.Train(recipe, run, new StepReporter(onStep), TestContext.Current.CancellationToken);

    private static long Live() => DisposeScopeManager.Statistics.ThreadTotalLiveCount;

    private static byte[] Bytes(string run, string name) => File.ReadAllBytes(Path.Combine(run, name));
}
