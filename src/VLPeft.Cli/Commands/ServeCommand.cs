using System.CommandLine;
using System.Net;
using Microsoft.AspNetCore.Builder;
using VLPeft.Cli.Serving;
using VLPeft.Recipes;

namespace VLPeft.Cli.Commands;

/// <summary><c>vlpeft serve RUN…</c>: a page on this machine that asks several runs at once.</summary>
internal static class ServeCommand
{
    private const int DefaultPort = 5210, Samples = 24;

    public static Command Create(CliConsole console)
    {
        Argument<string[]> runs = new("runs") { Description = "Run folders, as `vlpeft train` makes them; of question answering, captioning, several tasks, or all of them.", Arity = ArgumentArity.OneOrMore };
        Option<string> host = new("--host") { Description = "The address to listen on; any other than loopback lets others in.", DefaultValueFactory = _ => "127.0.0.1", HelpName = "address" };
        Option<int> port = new("--port") { Description = "The port; 0 for any free one.", DefaultValueFactory = _ => DefaultPort };
        Option<string[]> plugin = CommonOptions.Plugin();
        var command = new Command("serve", "A page on this machine: pick or upload a picture, ask, and see each run's answer side by side.") { runs, host, port, plugin };
        command.SetAction((parsed, _) =>
        {
            Plugins.Load(parsed.GetValue(plugin));
            return Run(console, parsed.GetValue(runs)!, new ServeOptions(AddressOf(parsed.GetValue(host)!), PortOf(parsed.GetValue(port))));
        });
        return command;
    }

    private static async Task<int> Run(CliConsole console, string[] folders, ServeOptions options)
    {
        using var interruption = new Interruption(console);
        using ServedRuns runs = RunReporters.With(console, reporter => ServedRuns.Open(folders, reporter, interruption.Token));
        using var shelf = new PictureShelf(SamplePictures.Of([.. runs.All.Select(one => one.Run)], Samples, console.Note), options.MaximumUploadBytes);
        await using WebApplication app = ServeApp.Build(runs, shelf, options, console);
        await Start(app, options, interruption.Token);
        if (!IPAddress.IsLoopback(options.Address))
            console.Note($"warning: --host {options.Address} lets everyone who reaches this machine ask and upload; there is no password.");
        foreach (var task in runs.All.GroupBy(one => one.Run.Recipe.Task))
            console.Line($"{NameOf(task.Key)}: {string.Join(", ", task.Select(one => one.Name))}");
        console.Line($"{app.Urls.First()} (Ctrl-C ends it)");
        await WaitFor(interruption.Token);
        await app.StopAsync(CancellationToken.None);
        return ExitCode.Done;
    }

    private static string NameOf(RecipeTask task) => task switch
    {
        RecipeTask.Vqa => "question answering",
        RecipeTask.Captioning => "captioning",
        _ => "several tasks",
    };

    private static async Task Start(WebApplication app, ServeOptions options, CancellationToken cancellation)
    {
        try
        {
            await app.StartAsync(cancellation);
        }
        catch (IOException error)
        {
            throw new InvalidInputException($"--port {options.Port}: {options.Address} can't be listened on ({error.InnerException?.Message ?? error.Message}); name another port, or 0 for any free one.", error);
        }
    }

    private static async Task WaitFor(CancellationToken end)
    {
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using CancellationTokenRegistration registration = end.Register(ended.SetResult);
        await ended.Task;
    }

    private static IPAddress AddressOf(string host) => host == "localhost" ? IPAddress.Loopback
        : IPAddress.TryParse(host, out IPAddress? address) ? address
        : throw new InvalidInputException($"--host: expected an address such as 127.0.0.1 or 0.0.0.0, or localhost, got '{host}'.");

    private static int PortOf(int port) => port is >= 0 and <= 65535 ? port
        : throw new InvalidInputException($"--port: expected 0 to 65535, got {port}.");
}
