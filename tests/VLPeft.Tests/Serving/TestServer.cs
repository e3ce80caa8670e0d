using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using VLPeft.Cli.Serving;
using VLPeft.Experiments;
using VLPeft.Tests.Cli;
using VLPeft.Training;
using Xunit;

namespace VLPeft.Tests.Serving;

/// <summary>The real server over some runs, on a free port of this machine.</summary>
internal sealed class TestServer : IAsyncDisposable
{
    private readonly StringWriter _errors = new();
    private WebApplication? _app;
    private ServedRuns? _runs;
    private PictureShelf? _shelf;

    public static IRunReporter Reporter => new PlainRunReporter(new TextProgress(TextWriter.Null, TimeSpan.MaxValue));

    public string Address { get; private set; } = "";

    public HttpClient Client { get; } = new();

    /// <summary>The program's complaints.</summary>
    public string Errors => _errors.ToString();

    public async Task Start(params string[] folders)
    {
        _runs = ServedRuns.Open(folders, Reporter, CancellationToken.None);
        _shelf = new PictureShelf(SamplePictures.Of([.. _runs.All.Select(one => one.Run)], 6, _errors.WriteLine), 10 << 20);
        _app = ServeApp.Build(_runs, _shelf, new ServeOptions(IPAddress.Loopback, 0), CommandLine.Console(_errors));
        await _app.StartAsync();
        Address = _app.Urls.Single();
        Client.BaseAddress = new Uri(Address);
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        if (_app is not null)
            await _app.DisposeAsync();
        _shelf?.Dispose();
        _runs?.Dispose();
    }

    public async Task<JsonElement> Get(string address) => await Client.GetFromJsonAsync<JsonElement>(address, TestContext.Current.CancellationToken);

    public Task<HttpResponseMessage> Post(string address, object body) => Client.PostAsJsonAsync(address, body, TestContext.Current.CancellationToken);
}
