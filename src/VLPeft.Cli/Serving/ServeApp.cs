using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace VLPeft.Cli.Serving;

/// <summary>Where the page listens, and what it takes.</summary>
/// <param name="Address">The address; loopback keeps it on this machine.</param>
/// <param name="Port">The port; 0 for any free one.</param>
internal sealed record ServeOptions(IPAddress Address, int Port)
{
    /// <summary>Bytes of an uploaded picture at most.</summary>
    public long MaximumUploadBytes { get; init; } = 10 << 20;
}

/// <summary>The page and the API around loaded runs.</summary>
internal static class ServeApp
{
    private const long MaximumBody = 64 << 10;

    /// <summary>Puts it together; nothing listens yet.</summary>
    /// <param name="runs">The runs; they stay the caller's.</param>
    /// <param name="shelf">The pictures; they stay the caller's.</param>
    /// <param name="options">Where it listens.</param>
    /// <param name="console">Is told of errors of the program.</param>
    public static WebApplication Build(ServedRuns runs, PictureShelf shelf, ServeOptions options, CliConsole console)
    {
        // An empty builder: no settings from the environment or the current folder that could make it listen elsewhere.
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = MaximumBody;
            kestrel.Listen(options.Address, options.Port);
        });
        builder.Services.AddRoutingCore();
        builder.Services.AddOpenApi(Describe);
        builder.Services.Configure<JsonOptions>(json => json.SerializerOptions.PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower);
        builder.Services.Configure<RouteHandlerOptions>(route => route.ThrowOnBadRequest = true);
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(3));
        WebApplication app = builder.Build();
        Protection.Use(app, options.Address);
        Problems.Use(app, console);
        app.UseRouting();
        PageFiles.Map(app);
        new Endpoints(runs, shelf, options).Map(app);
        app.MapOpenApi("/openapi/v1.json");
        return app;
    }

    private static void Describe(OpenApiOptions options) => options.AddDocumentTransformer((document, _, _) =>
    {
        document.Info.Title = "vlpeft serve";
        document.Info.Version = typeof(ServeApp).Assembly.GetName().Version!.ToString(3);
        document.Info.Description = "Vision-language runs side by side: answers, captions, and how the bottlenecks move when the picture changes.";
        return Task.CompletedTask;
    });
}
