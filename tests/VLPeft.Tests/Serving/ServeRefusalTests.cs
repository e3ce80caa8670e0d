using System.Net;
using System.Text;
using VLPeft.Cli.Serving;
using Xunit;

namespace VLPeft.Tests.Serving;

/// <summary>The API of <c>vlpeft serve</c> over HTTP: what is wrong, and who leaves.</summary>
public sealed class ServeRefusalTests(ServedWorld world) : IClassFixture<ServedWorld>
{
    [Fact]
    public Task A_text_file_named_png_is_refused_in_one_sentence() => ServedWorld.Refused(
        world.Upload("this is not a picture at all"u8.ToArray(), "holiday.png"),
        HttpStatusCode.BadRequest, "Picture 'holiday.png' can't be decoded", "PNG or JPEG", "text that starts with");

    [Fact]
    public Task A_picture_that_is_cut_off_is_refused() => ServedWorld.Refused(
        world.Upload(File.ReadAllBytes(world.Picture)[..200], "cut.png"), HttpStatusCode.BadRequest, "Picture 'cut.png'");

    [Fact]
    public Task An_empty_upload_is_refused() => ServedWorld.Refused(world.Upload([], "none.png"), HttpStatusCode.BadRequest, "an empty file");

    [Fact]
    public Task A_file_beyond_ten_mebibytes_is_refused() => ServedWorld.Refused(
        world.Upload(new byte[(10 << 20) + 1], "big.png"), HttpStatusCode.RequestEntityTooLarge, "at most 10 MiB");

    [Theory]
    [InlineData("nobody", "sample-1", HttpStatusCode.NotFound, "'nobody'", "'multiply'")]
    [InlineData(ServedWorld.Captions, "sample-1", HttpStatusCode.NotFound, "'captions'", "captioning")]
    [InlineData(ServedWorld.Routed, "sample-99", HttpStatusCode.NotFound, "'sample-99'", "/api/pictures")]
    [InlineData(ServedWorld.Routed, "../../etc/passwd", HttpStatusCode.NotFound, "'../../etc/passwd'", "no picture")]
    public Task A_name_that_is_not_there_is_refused(string run, string picture, HttpStatusCode status, params string[] words) =>
        ServedWorld.Refused(world.Post($"/api/runs/{run}/answers", new { picture, question = "what?" }), status, words);

    [Theory]
    [InlineData("""{ "picture": "sample-1", "question": "  " }""", "question is empty")]
    [InlineData("""{ "picture": "sample-1" }""", "question is empty")]
    [InlineData("""{ "picture": "sample-1", "question": "what?", "top": 0 }""", "top: expected 1 to 100, got 0")]
    [InlineData("""{ "picture": "sample-1", "question": "what?", "top": "many" }""", "not the JSON that is expected")]
    [InlineData("""{ "picture": "sample-1", "quest""", "not the JSON that is expected")]
    [InlineData("""{ "question": "what?" }""", "picture")]
    [InlineData("", "")]
    public Task A_body_that_is_wrong_is_refused(string body, string word) => ServedWorld.Refused(
        world.Client.PostAsync($"/api/runs/{ServedWorld.Routed}/answers", new StringContent(body, Encoding.UTF8, "application/json"), TestContext.Current.CancellationToken),
        HttpStatusCode.BadRequest, word);

    [Fact]
    public Task A_question_that_is_too_long_is_refused() => ServedWorld.Refused(
        world.Post($"/api/runs/{ServedWorld.Routed}/answers", new { picture = "sample-1", question = new string('a', 1001) }), HttpStatusCode.BadRequest, "1001", "1000");

    [Fact]
    public Task A_body_beyond_what_a_question_needs_is_refused() => ServedWorld.Refused(
        world.Post($"/api/runs/{ServedWorld.Routed}/answers", new { picture = "sample-1", question = new string('a', 70_000) }), HttpStatusCode.RequestEntityTooLarge);

    [Fact]
    public async Task A_stream_of_what_is_not_there_is_refused_before_it_begins()
    {
        await ServedWorld.Refused(world.Post($"/api/runs/{ServedWorld.Captions}/caption/stream", new { picture = "sample-99" }), HttpStatusCode.NotFound, "'sample-99'");
        await ServedWorld.Refused(world.Post($"/api/runs/{ServedWorld.Captions}/caption/stream", new { picture = "sample-1", beams = 0 }), HttpStatusCode.BadRequest, "beams");
        await ServedWorld.Refused(world.Post($"/api/runs/{ServedWorld.Plain}/caption/stream", new { picture = "sample-1" }), HttpStatusCode.NotFound, "'none'", "vqa");
    }

    [Fact]
    public async Task An_address_that_is_not_there_is_refused()
    {
        await ServedWorld.Refused(world.Client.GetAsync("/api/nothing", TestContext.Current.CancellationToken), HttpStatusCode.NotFound, "/api/nothing");
        await ServedWorld.Refused(world.Client.DeleteAsync("/api/runs", TestContext.Current.CancellationToken), HttpStatusCode.MethodNotAllowed, "DELETE");
    }

    [Theory, InlineData("evil.example", false), InlineData("localhost:1", true), InlineData("127.0.0.1", true), InlineData("[::1]:80", true)]
    public async Task A_foreign_name_for_this_machine_is_refused(string host, bool served)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/runs") { Headers = { Host = host } };
        Task<HttpResponseMessage> asked = world.Client.SendAsync(request, TestContext.Current.CancellationToken);
        if (served)
            await ServedWorld.Right(asked);
        else
            await ServedWorld.Refused(asked, HttpStatusCode.MisdirectedRequest, "localhost only");
    }

    [Fact]
    public async Task The_latest_uploads_are_kept_and_older_ones_are_not()
    {
        byte[] file = await File.ReadAllBytesAsync(world.Picture, TestContext.Current.CancellationToken);
        var urls = new List<string>();
        for (int i = 0; i <= PictureShelf.Uploads; i++)
            urls.Add((await ServedWorld.Right(world.Upload(file, $"{i}.png"))).GetProperty("url").GetString()!);

        await ServedWorld.Refused(world.Client.GetAsync(urls[0], TestContext.Current.CancellationToken), HttpStatusCode.NotFound, "64 uploads");
        foreach (string url in (string[])[urls[1], urls[^1]])
            using (HttpResponseMessage kept = await world.Client.GetAsync(url, TestContext.Current.CancellationToken))
                Assert.Equal(file, await kept.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Who_leaves_holds_nobody_up()
    {
        var leaving = new List<Task>();
        for (int i = 0; i < 20; i++)
        {
            using var patience = new CancellationTokenSource(TimeSpan.FromMilliseconds(i));
            leaving.Add(Ask(patience.Token));
            await Task.WhenAny(leaving[^1]);
        }

        Assert.Equal(ServedWorld.Captions, (await ServedWorld.Right(world.Post($"/api/runs/{ServedWorld.Captions}/caption", new { picture = "sample-1" }))).GetProperty("run").GetString());
        Assert.Empty(world.Errors);

        async Task Ask(CancellationToken patience)
        {
            try
            {
                using var content = new StringContent("""{ "picture": "sample-1", "beams": 1 }""", Encoding.UTF8, "application/json");
                using HttpResponseMessage response = await world.Client.PostAsync($"/api/runs/{ServedWorld.Captions}/caption/stream", content, patience);
            }
            catch (OperationCanceledException)
            {
            }
        }
    }
}
