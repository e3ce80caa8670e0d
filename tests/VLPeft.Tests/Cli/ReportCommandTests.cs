using System.Globalization;
using System.Text.Json;
using System.Xml.Linq;
using VLPeft.Tests.Reports;
using Xunit;

namespace VLPeft.Tests.Cli;

/// <summary><c>vlpeft report</c>: runs of both tasks on a page whose numbers are those of the run folders.</summary>
public sealed class ReportCommandTests(CaptionWorld world) : IClassFixture<CaptionWorld>
{
    private readonly string _report = world.New("report") + ".html";

    [Fact]
    public async Task CaptionRunsThatDifferInTheSeedAreOneVariant()
    {
        string[] runs = [Trained(world.Recipe, 0, "peft.routing=multiply"), Trained(world.Recipe, 0, "peft.routing=none"), Trained(world.Recipe, 1, "peft.routing=none")];
        CommandResult said = CommandLine.Run(["report", .. runs, "-o", _report, "--pictures", "3", "--title", "Two ways"]).Expect(0);
        string[] lines = said.Out.Split('\n');
        double[] cider = [.. runs.Select(run => 100 * Evaluation(run).GetProperty("scores").GetProperty("CIDEr").GetDouble())];
        Assert.Equal($"none: CIDEr × 100 {One((cider[1] + cider[2]) / 2)} (2 seeds)", lines[0]);
        Assert.Equal($"multiply: CIDEr × 100 {One(cider[0])} (1 seed)", lines[1]);

        XElement page = XDocument.Load(_report).Root!;
        Assert.Equal("Two ways", page.Descendants("h1").Single().Value);
        Assert.Equal(3, page.Descendants("img").Count(image => image.Attribute("alt")!.Value.StartsWith("Picture ", StringComparison.Ordinal)));
        Assert.Contains($"over the seed that both have", page.Value, StringComparison.Ordinal);
        Assert.Contains("generation.beams", page.Value, StringComparison.Ordinal);
        Assert.DoesNotContain("peft.routing", page.Value, StringComparison.Ordinal); // what differs is no common setting

        await HtmlChecker.Accepts(_report);

        CommandResult turned = CommandLine.Run(["report", .. runs, "-o", _report, "--reference", "multiply", "--pictures", "0"]).Expect(0);
        Assert.StartsWith("multiply: ", turned.Out, StringComparison.Ordinal);
        Assert.Empty(XDocument.Load(_report).Descendants("img"));
    }

    [Fact]
    public async Task AnswersStandBesideTheirQuestions()
    {
        string[] runs = [Trained(world.Tiny.Recipe, 0, "peft.routing=none"), Trained(world.Tiny.Recipe, 0, "peft.routing=add", "training.steps=5")];
        CommandResult said = CommandLine.Run(["report", .. runs, "-o", _report, "--pictures", "2"]).Expect(0);
        Assert.Contains("add, steps 5: VQA accuracy", said.Out, StringComparison.Ordinal);
        XElement page = XDocument.Load(_report).Root!;
        Assert.Equal(4, page.Descendants("h4").Count(title => title.Value.EndsWith('?'))); // two questions a picture
        Assert.Contains(page.Descendants("td"), cell => cell.Elements("svg").Any(mark => mark.Attribute("aria-label")?.Value is "right: " or "wrong: "));
        await HtmlChecker.Accepts(_report);
    }

    [Fact]
    public void RunsThatCannotBeComparedAreRefused()
    {
        string captions = Trained(world.Recipe, 0, "peft.routing=none"), answers = Trained(world.Tiny.Recipe, 0), again = Trained(world.Recipe, 0, "peft.routing=none");
        string[] to = ["-o", _report];
        CommandLine.Refused(["report", world.New(), .. to], "is no run folder");
        CommandLine.Refused(["report", captions, answers, .. to], captions, answers, "different tasks");
        CommandLine.Refused(["report", captions, again, .. to], "seed 0 twice", captions, again);
        CommandLine.Refused(["report", captions, "--split", "validation", .. to], "evaluation-validation.json", "vlpeft evaluate");
        CommandLine.Refused(["report", captions, "--reference", "plain", .. to], "--reference", "'plain'");
        CommandLine.Refused(["report", captions, "--pictures", "-1", .. to], "--pictures", "-1");
        File.WriteAllText(Path.Combine(again, "evaluation-test.json"), "{");
        CommandLine.Refused(["report", again, .. to], "evaluation-test.json", "damaged");
        File.Delete(Path.Combine(again, "outcome.json"));
        CommandLine.Refused(["report", again, .. to], again, "not finished");
        Assert.False(File.Exists(_report));
    }

    private string Trained(string recipe, int seed, params string[] settings)
    {
        string run = world.New();
        CommandLine.Run(["train", recipe, "-o", run, "--seed", $"{seed}", .. settings.SelectMany(one => new[] { "--set", one })]).Expect(0);
        CommandLine.Run("evaluate", run).Expect(0);
        return run;
    }

    private static JsonElement Evaluation(string run)
    {
        using JsonDocument evaluation = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(run, "evaluation-test.json")));
        return evaluation.RootElement.Clone();
    }

    private static string One(double value) => value.ToString("F1", CultureInfo.InvariantCulture);
}
