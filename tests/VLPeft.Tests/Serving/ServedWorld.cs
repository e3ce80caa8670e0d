using System.Net;
using System.Text.Json;
using VLPeft.Experiments;
using VLPeft.Tests.Cli;
using Xunit;

namespace VLPeft.Tests.Serving;

/// <summary>Runs of few steps on tiny models, two of question answering and one of captioning, served by the real server on a free port.</summary>
public sealed class ServedWorld : IAsyncLifetime
{
    public const string Plain = "none", Routed = "multiply", Captions = "captions";
    private readonly CaptionWorld _world = new();
    private readonly TestServer _server = new();

    public string Address => _server.Address;

    public HttpClient Client => _server.Client;

    /// <summary>The program's complaints.</summary>
    public string Errors => _server.Errors;

    public string PlainFolder { get; private set; } = "";

    public string RoutedFolder { get; private set; } = "";

    public string CaptionFolder { get; private set; } = "";

    /// <summary>A picture file of the test data.</summary>
    public string Picture => _world.Tiny.TestImage;

    public string New(string name) => _world.New(name);

    public async ValueTask InitializeAsync()
    {
        PlainFolder = Train(_world.Tiny.Recipe, "--set", "peft.routing=none");
        RoutedFolder = Train(_world.Tiny.Recipe);
        CaptionFolder = Train(_world.Recipe, "--set", "generation.min-length=6"); // whatever the random weights are, something is said
        await _server.Start(CaptionFolder, RoutedFolder, PlainFolder);
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _world.Dispose();
    }

    public static VqaExperiment OpenVqa(string folder) => VqaRun.Open(folder, TestServer.Reporter, TestContext.Current.CancellationToken);

    public CaptionExperiment OpenCaptions() => CaptionRun.Open(CaptionFolder, TestServer.Reporter, TestContext.Current.CancellationToken);

    public Task<JsonElement> Get(string address) => _server.Get(address);

    public Task<HttpResponseMessage> Post(string address, object body) => _server.Post(address, body);

    public async Task<HttpResponseMessage> Upload(byte[] file, string name)
    {
        using var content = new ByteArrayContent(file);
        content.Headers.ContentType = new("image/png");
        return await Client.PostAsync($"/api/pictures?name={name}", content, TestContext.Current.CancellationToken);
    }

    /// <summary>The answer to what is right.</summary>
    public static async Task<JsonElement> Right(Task<HttpResponseMessage> asked)
    {
        using HttpResponseMessage response = await asked;
        string text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(response.IsSuccessStatusCode, $"{response.StatusCode}: {text}");
        return JsonDocument.Parse(text).RootElement;
    }

    /// <summary>What must be refused: a problem document of one sentence, with these words in it.</summary>
    public static async Task Refused(Task<HttpResponseMessage> asked, HttpStatusCode status, params string[] words)
    {
        using HttpResponseMessage response = await asked;
        string text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(response.StatusCode == status, $"{response.StatusCode} instead of {status}: {text}");
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        string detail = JsonDocument.Parse(text).RootElement.GetProperty("detail").GetString()!;
        Assert.All(words, word => Assert.Contains(word, detail, StringComparison.Ordinal));
        Assert.DoesNotContain("\n", detail, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", text, StringComparison.Ordinal);
        Assert.DoesNotContain("Exception", text, StringComparison.Ordinal);
    }

    private string Train(string recipe, params string[] options)
    {
        string run = _world.New();
        CommandLine.Run(["train", recipe, "-o", run, .. options]).Expect(0);
        return run;
    }
}
