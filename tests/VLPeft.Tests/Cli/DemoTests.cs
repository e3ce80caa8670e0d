using System.Text.Json;
using VLPeft.Tests.Reports;
using Xunit;

namespace VLPeft.Tests.Cli;

/// <summary>The demo of both tasks from the command to results and report, on few pictures and with few steps.</summary>
public sealed class DemoTests : IDisposable
{
    private static readonly string[] Routings = ["none", "multiply", "add", "matmul", "matmul-expand"];

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task ComparesAnswers()
    {
        using JsonDocument results = JsonDocument.Parse(await Run("vqa"));
        foreach (JsonElement result in Each(results))
            foreach (JsonElement seed in result.GetProperty("seeds").EnumerateArray())
                Assert.InRange(seed.GetProperty("accuracy").GetDouble(), 0, 100);
        foreach (string baseline in new[] { "majority", "text_only", "shuffled_images" })
            Assert.InRange(results.RootElement.GetProperty("baselines").GetProperty(baseline).GetDouble(), 0, 100);
    }

    [Fact]
    public async Task ComparesCaptions()
    {
        using JsonDocument results = JsonDocument.Parse(await Run("captioning", "generation.beams=1"));
        foreach (JsonElement result in Each(results))
        {
            JsonElement[] seeds = [.. result.GetProperty("seeds").EnumerateArray()];
            Assert.InRange(result.GetProperty("cider_mean").GetDouble(), 0, 1000);
            Assert.Equal(result.GetProperty("cider_mean").GetDouble(), seeds.Average(seed => seed.GetProperty("cider").GetDouble()), 1e-9);
            Assert.Equal(result.GetProperty("bleu4_mean").GetDouble(), seeds.Average(seed => seed.GetProperty("bleu4").GetDouble()), 1e-9);
        }
        Assert.True(results.RootElement.GetProperty("baselines").GetProperty("blind").GetDouble() >= 0);
    }

    [Fact]
    public async Task ComparesFourTasks()
    {
        using JsonDocument results = JsonDocument.Parse(await Run("multitask", "generation.beams=1", "training.batch-size=8"));
        foreach (JsonElement result in Each(results, "variant"))
        {
            Assert.Equal(["caption", "gqa", "nlvr", "vqa"], result.GetProperty("tasks").EnumerateObject().Select(task => task.Name).Order());
            Assert.Equal(result.GetProperty("mean").GetDouble(), result.GetProperty("tasks").EnumerateObject().Average(task => task.Value.GetDouble()), 1e-9);
        }
        Assert.Empty(results.RootElement.GetProperty("rivals").EnumerateArray()); // not asked for
    }

    [Fact]
    public async Task RivalsStandInATableOfTheirOwn()
    {
        using JsonDocument results = JsonDocument.Parse(await Run("multitask", "--rivals", "generation.beams=1", "training.batch-size=8"));
        JsonElement[] rivals = [.. results.RootElement.GetProperty("rivals").EnumerateArray()];
        Assert.Equal(
            ["none", "adapter", "bitfit", "layernorm", "ia3", "prompt", "prefix", "compacter", "dora", "rslora", "full"], rivals.Select(one => one.GetProperty("variant").GetString()));
        Assert.Equal(results.RootElement.GetProperty("results")[0].ToString(), rivals[0].ToString()); // plain LoRA is in both
        Assert.True(rivals.All(one => one.GetProperty("trainable_parameters").GetInt64() <= rivals[^1].GetProperty("trainable_parameters").GetInt64()));
    }

    [Fact]
    public void RivalsBelongToSeveralTasks() =>
        CommandLine.Refused(["demo", "--rivals", "--output", _folder.File("refused")], "--rivals", "--task multitask");

    private static IEnumerable<JsonElement> Each(JsonDocument results, string name = "routing")
    {
        JsonElement[] each = [.. results.RootElement.GetProperty("results").EnumerateArray()];
        Assert.Equal(Routings, each.Select(one => one.GetProperty(name).GetString()));
        Assert.Single(each.Select(one => one.GetProperty("trainable_parameters").GetInt64()).Distinct());
        return each;
    }

    private async Task<string> Run(string task, params string[] settings)
    {
        string output = _folder.File(task);
        string[] all =
        [
            "data.scenes.train-images=40", "data.scenes.validation-images=8", "data.scenes.test-images=14", "training.steps=4", "training.validate-every=2", .. settings,
        ];
        string[] args = ["demo", "--task", task, "--output", output, "--seeds", "1", "--workers", "2", .. all.SelectMany(one => one.StartsWith("--", StringComparison.Ordinal) ? [one] : new[] { "--set", one })];
        CommandResult ended = (await CommandLine.End(CommandLine.Start(args))).Expect(0);
        Assert.Contains("matmul-expand", ended.Out, StringComparison.Ordinal);
        string page = Path.Combine(output, "report.html"), report = await File.ReadAllTextAsync(page, TestContext.Current.CancellationToken);
        await HtmlChecker.Accepts(page);
        Assert.All(Routings, routing => Assert.Contains(routing, report, StringComparison.Ordinal));
        Assert.Contains("data:image/png;base64,", report, StringComparison.Ordinal);
        Assert.DoesNotContain("src=\"http", report, StringComparison.Ordinal);
        return await File.ReadAllTextAsync(Path.Combine(output, "results.json"), TestContext.Current.CancellationToken);
    }
}
