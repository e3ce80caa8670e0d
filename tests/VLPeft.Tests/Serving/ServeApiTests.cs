using System.Net;
using System.Text.Json;
using VLPeft.Analysis;
using VLPeft.Experiments;
using Xunit;

namespace VLPeft.Tests.Serving;

/// <summary>The API of <c>vlpeft serve</c> over HTTP: what is asked rightly.</summary>
public sealed class ServeApiTests(ServedWorld world) : IClassFixture<ServedWorld>
{
    private const string Question = "what color is the circle?";

    [Fact]
    public async Task Runs_are_listed_by_what_sets_them_apart()
    {
        JsonElement runs = await world.Get("/api/runs");

        Assert.Equal([ServedWorld.Plain, ServedWorld.Routed, ServedWorld.Captions], runs.EnumerateArray().Select(run => run.GetProperty("id").GetString()));
        Assert.Equal(["vqa", "vqa", "captioning"], runs.EnumerateArray().Select(run => run.GetProperty("task").GetString()));
        Assert.Equal("multiply", runs[1].GetProperty("routing").GetString());
        Assert.Equal(3, runs[2].GetProperty("beams").GetInt32());
    }

    [Fact]
    public async Task Samples_come_from_the_test_data_with_questions_and_captions()
    {
        JsonElement[] samples = [.. (await world.Get("/api/pictures")).EnumerateArray()];

        Assert.Equal(6, samples.Length); // both tasks have the same pictures
        Assert.All(samples, sample => Assert.Equal(3, sample.GetProperty("questions").GetArrayLength()));
        Assert.All(samples, sample => Assert.NotEqual(0, sample.GetProperty("captions").GetArrayLength()));
        using HttpResponseMessage file = await world.Client.GetAsync(samples[0].GetProperty("url").GetString(), TestContext.Current.CancellationToken);
        Assert.Equal("image/png", file.Content.Headers.ContentType?.MediaType);
        Assert.Equal(File.ReadAllBytes(world.Picture), await file.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken));
    }

    [Theory, InlineData(ServedWorld.Plain), InlineData(ServedWorld.Routed)]
    public async Task An_answer_is_the_librarys(string run)
    {
        JsonElement given = await Answers(run, "sample-1", Question);

        using VqaExperiment experiment = ServedWorld.OpenVqa(run == ServedWorld.Plain ? world.PlainFolder : world.RoutedFolder);
        Assert.Equal(
            experiment.Answer(Question, world.Picture, top: 3),
            given.EnumerateArray().Select(one => new VqaAnswer(one.GetProperty("answer").GetString()!, one.GetProperty("probability").GetDouble())));
    }

    [Fact]
    public async Task An_uploaded_picture_is_answered_as_the_same_sample()
    {
        JsonElement upload = await ServedWorld.Right(world.Upload(await File.ReadAllBytesAsync(world.Picture, TestContext.Current.CancellationToken), "mine.png"));

        Assert.Equal(("mine.png", 32, 32), (upload.GetProperty("title").GetString(), upload.GetProperty("width").GetInt32(), upload.GetProperty("height").GetInt32()));
        JsonElement given = await Answers(ServedWorld.Routed, upload.GetProperty("id").GetString()!, Question);
        Assert.Equal((await Answers(ServedWorld.Routed, "sample-1", Question)).GetRawText(), given.GetRawText());
    }

    [Fact]
    public async Task Fifty_at_once_get_the_answers_that_one_after_another_gets()
    {
        string[] questions = [Question, "how many objects are there?", "is there a red square?"];
        (string Run, string Picture, string Question)[] asked =
        [
            .. Enumerable.Range(0, 50).Select(i => (i % 2 == 0 ? ServedWorld.Plain : ServedWorld.Routed, $"sample-{1 + (i / 2 % 6)}", questions[i / 12 % 3])),
        ];
        var alone = new List<string>();
        foreach ((string run, string picture, string question) in asked)
            alone.Add((await Answers(run, picture, question)).GetRawText());

        JsonElement[] together = await Task.WhenAll(asked.Select(one => Answers(one.Run, one.Picture, one.Question)));

        Assert.Equal(alone, together.Select(one => one.GetRawText()));
        Assert.True(alone.Distinct().Count() >= 30, "the questions have too few different answers to tell them apart");
    }

    [Fact]
    public async Task A_caption_is_the_librarys_with_the_recipes_beams()
    {
        JsonElement given = await ServedWorld.Right(world.Post($"/api/runs/{ServedWorld.Captions}/caption", new { picture = "sample-1" }));

        using CaptionExperiment experiment = world.OpenCaptions();
        Assert.Equal(experiment.Caption(world.Picture, cancellation: TestContext.Current.CancellationToken), given.GetProperty("caption").GetString());
    }

    [Fact]
    public async Task A_caption_streams_word_by_word()
    {
        var events = await Events(new { picture = "sample-1", beams = 1 });

        using CaptionExperiment experiment = world.OpenCaptions();
        string whole = experiment.Caption(world.Picture, experiment.Recipe.Generation with { Beams = 1 }, cancellation: TestContext.Current.CancellationToken);
        Assert.Equal(("done", whole), events[^1]);
        Assert.All(events[..^1], one => Assert.Equal("text", one.Type));
        string[] texts = [.. events.Select(one => one.Text)];
        Assert.All(texts.Zip(texts.Skip(1)), pair => Assert.StartsWith(pair.First, pair.Second, StringComparison.Ordinal));
        Assert.True(texts.Distinct().Count() >= whole.Split(' ').Length, string.Join('|', texts));
    }

    [Theory, InlineData(ServedWorld.Routed, Question), InlineData(ServedWorld.Captions, "a red circle"), InlineData(ServedWorld.Captions, "")]
    public async Task Movement_is_that_of_each_bottleneck_and_none_without_another_picture(string run, string text)
    {
        JsonElement moved = await Movement(run, "sample-2", "sample-1", text), still = await Movement(run, "sample-2", "sample-2", text);

        Assert.Equal(run == ServedWorld.Routed ? 4 : 2, moved.GetArrayLength());
        Assert.All(moved.EnumerateArray(), one => Assert.InRange(one.GetProperty("cosine_distance").GetDouble(), 1e-9, 2));
        Assert.All(moved.EnumerateArray(), one => Assert.NotEqual(one.GetProperty("previous_norm").GetDouble(), one.GetProperty("norm").GetDouble()));
        Assert.All(still.EnumerateArray(), one => Assert.InRange(one.GetProperty("cosine_distance").GetDouble(), 0, 1e-12));
        Assert.All(still.EnumerateArray(), one => Assert.Equal(one.GetProperty("previous_norm").GetDouble(), one.GetProperty("norm").GetDouble()));
    }

    [Fact]
    public async Task Recorded_activations_leave_the_answers_as_they_are()
    {
        string before = (await Answers(ServedWorld.Routed, "sample-3", Question)).GetRawText();
        using VqaExperiment experiment = ServedWorld.OpenVqa(world.RoutedFolder);
        RoutedActivations recorded = experiment.Activations(Question, world.Picture);

        await Movement(ServedWorld.Routed, "sample-3", "sample-1", Question);

        Assert.Equal(before, (await Answers(ServedWorld.Routed, "sample-3", Question)).GetRawText());
        Assert.Equal(experiment.System.Peft!.Attached.Select(one => one.Owner).Order(), recorded.ShiftFrom(recorded).Select(one => one.Name).Order());
    }

    [Fact]
    public async Task The_document_lists_every_endpoint()
    {
        JsonElement document = await world.Get("/openapi/v1.json");

        Assert.StartsWith("3.", document.GetProperty("openapi").GetString(), StringComparison.Ordinal);
        string[] listed = [.. document.GetProperty("paths").EnumerateObject().SelectMany(path => path.Value.EnumerateObject().Select(verb => $"{verb.Name} {path.Name}"))];
        Assert.Equal(
            [
                "get /api/pictures", "get /api/pictures/{picture}", "get /api/runs", "post /api/pictures", "post /api/runs/{run}/answers",
                "post /api/runs/{run}/caption", "post /api/runs/{run}/caption/stream", "post /api/runs/{run}/movement", "post /api/runs/{run}/say",
            ],
            listed.Order(StringComparer.Ordinal));
        Assert.True(document.GetProperty("components").GetProperty("schemas").GetProperty("AnswerMessage").GetProperty("properties").TryGetProperty("probability", out _));
    }

    [Fact]
    public async Task The_page_has_no_inline_script_and_a_strict_policy()
    {
        using HttpResponseMessage page = await world.Client.GetAsync("/", TestContext.Current.CancellationToken);
        string html = await page.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);

        string policy = Assert.Single(page.Headers.GetValues("Content-Security-Policy"));
        Assert.StartsWith("default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';", policy, StringComparison.Ordinal);
        Assert.DoesNotMatch(@"<[^>]+\s(on\w+|style)=", html);
        Assert.DoesNotMatch(@"<script(?![^>]*src=)", html);
        Assert.DoesNotMatch(@"(src|href)=""(https?:)?//", html);
        Assert.Contains("""<html lang="en">""", html, StringComparison.Ordinal);
    }

    private async Task<JsonElement> Answers(string run, string picture, string question) =>
        (await ServedWorld.Right(world.Post($"/api/runs/{run}/answers", new { picture, question, top = 3 }))).GetProperty("answers");

    private async Task<JsonElement> Movement(string run, string picture, string previous, string text) =>
        (await ServedWorld.Right(world.Post($"/api/runs/{run}/movement", new { picture, previous, text }))).GetProperty("bottlenecks");

    private async Task<List<(string Type, string Text)>> Events(object body)
    {
        using HttpResponseMessage response = await world.Post($"/api/runs/{ServedWorld.Captions}/caption/stream", body);
        Assert.Equal((HttpStatusCode.OK, "text/event-stream"), (response.StatusCode, response.Content.Headers.ContentType?.MediaType));
        string all = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        return
        [
            .. all.Split("\n\n", StringSplitOptions.RemoveEmptyEntries).Select(block => block.Split('\n')).Select(lines => (
                lines[0]["event: ".Length..], JsonDocument.Parse(lines[1]["data: ".Length..]).RootElement.GetProperty("text").GetString()!)),
        ];
    }
}
