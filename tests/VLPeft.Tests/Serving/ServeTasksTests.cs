using System.Net;
using System.Text.Json;
using Microsoft.Playwright;
using VLPeft.Cli.Serving;
using VLPeft.Experiments;
using VLPeft.Recipes;
using VLPeft.Tests.Cli;
using Xunit;

namespace VLPeft.Tests.Serving;

/// <summary>Runs of several tasks, served: by the API, and by the page in a real browser.</summary>
public sealed class ServeTasksTests(ServeTasksTests.World world, Browser browser) : IClassFixture<ServeTasksTests.World>, IClassFixture<Browser>
{
    private const string All = "all", Questions = "questions";

    [Fact]
    public async Task Runs_say_what_they_have_learnt()
    {
        JsonElement[] runs = [.. (await world.Server.Get("/api/runs")).EnumerateArray()];

        Assert.All(runs, run => Assert.Equal("multitask", run.GetProperty("task").GetString()));
        Assert.Equal(["vqa", "gqa", "nlvr", "caption"], Of(All).GetProperty("tasks").EnumerateArray().Select(task => task.GetString()));
        Assert.Equal(["vqa"], Of(Questions).GetProperty("tasks").EnumerateArray().Select(task => task.GetString()));
        JsonElement[] samples = [.. (await world.Server.Get("/api/pictures")).EnumerateArray()];
        Assert.Equal(6, samples.Length); // both tasks have the same pictures
        Assert.All(samples, sample => Assert.Equal(3, sample.GetProperty("questions").GetArrayLength()));
        Assert.All(samples, sample => Assert.NotEqual(0, sample.GetProperty("captions").GetArrayLength()));

        JsonElement Of(string id) => runs.Single(run => run.GetProperty("id").GetString() == world.IdOf(id));
    }

    [Fact]
    public async Task What_is_said_is_the_librarys_in_every_task()
    {
        using MultitaskExperiment experiment = MultitaskRun.Open(world.Folder, TestServer.Reporter, TestContext.Current.CancellationToken);
        List<string> said = [];
        foreach ((TextTask task, string text) in new[] { (TextTask.Vqa, "what color is the circle?"), (TextTask.Gqa, "is there a red square?"), (TextTask.Nlvr, "both pictures have a circle"), (TextTask.Caption, "") })
        {
            bool two = task == TextTask.Nlvr;
            said.Add((await ServedWorld.Right(Ask(All, $"{task}".ToLowerInvariant(), text, two ? ["sample-1", "sample-2"] : ["sample-1"]))).GetProperty("said").GetString()!);
            Assert.Equal(experiment.Say(task, text, two ? [world.Picture(0), world.Picture(1)] : [world.Picture(0)], cancellation: TestContext.Current.CancellationToken), said[^1]);
        }
        Assert.True(said.Distinct().Count() > 1, $"all tasks say '{said[0]}'");
    }

    [Theory]
    [InlineData(All, "draw", "a circle", 1, "task: expected one that the run has learnt (vqa, gqa, nlvr, caption), got 'draw'")]
    [InlineData(All, null, "a circle?", 1, "got none")]
    [InlineData(Questions, "caption", "", 1, "has learnt (vqa), got 'caption'")]
    [InlineData(All, "vqa", "what?", 0, "vqa: expected one picture, got 0")]
    [InlineData(All, "nlvr", "two circles", 1, "nlvr: expected two pictures, left and right, got 1")]
    [InlineData(All, "gqa", " ", 1, "gqa: expected a text")]
    [InlineData(All, "caption", "a circle", 1, "caption: expected no text, got 'a circle'")]
    public Task What_no_task_takes_is_refused(string run, string? task, string text, int pictures, string words) =>
        ServedWorld.Refused(Ask(run, task, text, [.. Enumerable.Range(1, pictures).Select(one => $"sample-{one}")]), HttpStatusCode.BadRequest, words);

    [Fact]
    public async Task A_name_that_is_not_there_is_refused()
    {
        await ServedWorld.Refused(Ask("nobody", "vqa", "what?", ["sample-1"]), HttpStatusCode.NotFound, "'nobody'");
        await ServedWorld.Refused(Ask(All, "vqa", "what?", ["sample-99"]), HttpStatusCode.NotFound, "'sample-99'");
        await ServedWorld.Refused(world.Server.Post($"/api/runs/{world.IdOf(All)}/say", new { task = "vqa", text = "what?" }), HttpStatusCode.BadRequest, "vqa: expected one picture, got 0");
        await ServedWorld.Refused(world.Server.Post($"/api/runs/{world.IdOf(All)}/movement", new { picture = "sample-1", previous = "sample-2", text = "what?" }), HttpStatusCode.NotFound, "does not do that", "multitask");
    }

    [Theory, InlineData(1280), InlineData(390)]
    public async Task A_task_is_chosen_on_the_page(int width)
    {
        await using OpenPage open = await browser.Open(world.Server.Address, width);
        ILocator right = open.Page.GetByLabel("Right picture"), request = open.Page.GetByLabel("Question or statement");

        await Say("vqa", "what color is the circle?");
        await Assertions.Expect(right).ToBeHiddenAsync();
        Assert.Equal(2, await open.Page.Locator("#said .card").CountAsync());
        await Say("nlvr", "both pictures have a circle");
        Assert.Equal(6, await right.Locator("option").CountAsync());
        await right.SelectOptionAsync("sample-2");
        await Say("nlvr", "both pictures have a circle");
        Assert.Equal(await Expected("nlvr", "both pictures have a circle", "sample-1", "sample-2"), await open.Page.Locator("#said .result").InnerTextAsync()); // one run has learnt it
        await Say("caption", null);
        await Assertions.Expect(request).ToBeHiddenAsync();
        Assert.Equal(await Expected("caption", "", "sample-1"), await open.Page.Locator("#said .result").InnerTextAsync());

        await open.IsAccessible();
        await open.Keep($"tasks-{width}");
        Assert.Empty(open.Wrong);

        async Task Say(string task, string? text)
        {
            await open.Page.GetByLabel("Task", new PageGetByLabelOptions { Exact = true }).SelectOptionAsync(task);
            if (text is not null)
                await request.FillAsync(text);
            await open.Page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Answer", Exact = true }).ClickAsync();
            await Assertions.Expect(open.Page.Locator("#said .card[aria-busy=false]").First).ToBeVisibleAsync(new LocatorAssertionsToBeVisibleOptions { Timeout = 60_000 });
            await Assertions.Expect(open.Page.Locator("#said [aria-busy=true]")).ToHaveCountAsync(0, new LocatorAssertionsToHaveCountOptions { Timeout = 60_000 });
        }
    }

    private async Task<string> Expected(string task, string text, params string[] pictures) =>
        (await ServedWorld.Right(Ask(All, task, text, pictures))).GetProperty("said").GetString() is { Length: > 0 } said ? said : "It says nothing.";

    private Task<HttpResponseMessage> Ask(string run, string? task, string text, string[] pictures) =>
        world.Server.Post($"/api/runs/{world.IdOf(run)}/say", new { task, text, pictures });

    /// <summary>Two runs of several tasks, one of which has learnt question answering alone.</summary>
    public sealed class World : IAsyncLifetime
    {
        private readonly MultitaskWorld _world = new();

        private readonly Dictionary<string, string> _ids = [];

        internal TestServer Server { get; } = new();

        /// <summary>What the API calls a run, or the name itself of what is none.</summary>
        public string IdOf(string run) => _ids.GetValueOrDefault(run, run);

        public string Folder { get; private set; } = "";

        /// <summary>A picture of the test data, by its place.</summary>
        public string Picture(int index) => Directory.EnumerateFiles(Path.GetDirectoryName(_world.Tiny.TestImage)!).Order().ElementAt(index);

        public async ValueTask InitializeAsync()
        {
            Folder = Train(_world.Recipe, "generation.min-length=6"); // whatever the random weights are, a caption is said
            await Server.Start(Folder, Train(_world.Recipe, "multitask.tasks=[{task: vqa}]"));
            foreach (JsonElement run in (await Server.Get("/api/runs")).EnumerateArray())
                _ids[run.GetProperty("tasks").GetArrayLength() == 1 ? Questions : All] = run.GetProperty("id").GetString()!;
        }

        public async ValueTask DisposeAsync()
        {
            await Server.DisposeAsync();
            _world.Dispose();
        }

        private string Train(string recipe, params string[] settings)
        {
            string run = _world.New();
            CommandLine.Run(["train", recipe, "-o", run, .. settings.SelectMany(one => new[] { "--set", one })]).Expect(0);
            return run;
        }
    }
}
