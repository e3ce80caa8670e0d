using System.Text.Json;
using TorchSharp;
using VLPeft.Checkpoints;
using VLPeft.Cli.Serving;
using VLPeft.Data;
using VLPeft.Data.Scenes;
using VLPeft.Experiments;
using VLPeft.Tests.Cli;
using VLPeft.Training;
using Xunit;
using static TorchSharp.torch;

namespace VLPeft.Tests.Serving;

/// <summary>Runs that can't be given any picture, and runs whose data are gone.</summary>
public sealed class ServedRunsTests(TinyWorld world) : IClassFixture<TinyWorld>
{
    [Fact]
    public void A_run_that_reads_features_from_a_file_answers_about_its_own_samples_only()
    {
        using ServedRuns runs = Open(Train(world.Recipe, ["--set", "vision.model=~", .. Features()]));
        var run = (VqaServedRun)runs.All.Single().Run;
        IReadOnlyList<ServedPicture> samples = SamplePictures.Of([run], 3, Assert.Fail);

        var answers = samples.Select(sample => run.Answer("how many?", sample, 1)[0].Probability).ToList();
        Assert.Equal(3, answers.Distinct().Count());
        ServedPicture stranger = samples[0] with { Origin = null, Title = "mine.png" };
        string refused = Assert.Throws<InvalidInputException>(() => run.Answer("how many?", stranger, 1)).Message;
        Assert.Contains("reads features from a file", refused, StringComparison.Ordinal);
        Assert.Contains("'mine.png'", refused, StringComparison.Ordinal);
        Assert.False(RunMessages.Of(runs.All.Single()).TakesUploads);
    }

    [Fact]
    public void A_run_whose_data_are_gone_is_served_without_samples()
    {
        string questions = world.Changed(world.Paths(SceneSplit.Validation).Questions, "{", "{");
        string folder = Train(world.FileRecipe, "--set", $"data.validation.questions={questions}");
        File.Delete(questions);
        using ServedRuns runs = Open(folder);
        var run = (VqaServedRun)runs.All.Single().Run;
        var notes = new List<string>();

        Assert.Empty(SamplePictures.Of([run], 3, notes.Add));
        Assert.Contains(questions, Assert.Single(notes), StringComparison.Ordinal);
        Assert.Single(run.Answer("how many?", new ServedPicture("upload", "mine.png", world.TestImage, PictureFile.Png), 1));
    }

    [Fact]
    public void Seeds_and_equal_names_are_told_apart()
    {
        using ServedRuns runs = Open(Train(world.Recipe), Train(world.Recipe, "--seed", "1"), Train(world.Recipe, "--set", "peft.routing=add"));

        Assert.Equal(["multiply, seed 0", "multiply, seed 1", "add"], runs.All.Select(one => one.Name));
        Assert.Equal(["multiply-seed-0", "multiply-seed-1", "add"], runs.All.Select(one => one.Id));
    }

    private string[] Features()
    {
        string file = world.New("features") + ".safetensors", index = world.New("index") + ".json";
        long[] ids =
        [
            .. Enum.GetValues<SceneSplit>().SelectMany(split => Directory.EnumerateFiles(world.Paths(split).Images)).Select(picture => FolderImageSource.IdOf(Path.GetFileName(picture))!.Value),
        ];
        using Tensor features = randn(ids.Length, 16, generator: new Generator(7));
        SafetensorsWriter.Write(file, new Dictionary<string, Tensor> { ["features"] = features });
        File.WriteAllText(index, JsonSerializer.Serialize(new { rows = ids.Index().ToDictionary(one => $"{one.Item}", one => one.Index) }));
        return ["--set", $"vision.features.file={file}", "--set", $"vision.features.index={index}"];
    }

    private string Train(string recipe, params string[] options)
    {
        string run = world.New();
        CommandLine.Run(["train", recipe, "-o", run, .. options]).Expect(0);
        return run;
    }

    private static ServedRuns Open(params string[] folders) => ServedRuns.Open(
        folders, new PlainRunReporter(new TextProgress(TextWriter.Null, TimeSpan.MaxValue)), TestContext.Current.CancellationToken);
}
