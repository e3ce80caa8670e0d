using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using VLPeft.Tests.Cli;
using Xunit;

namespace VLPeft.Tests.Serving;

/// <summary><c>vlpeft serve</c> as a user starts and ends it.</summary>
public sealed class ServeCommandTests(ServedWorld world) : IClassFixture<ServedWorld>
{
    [Fact]
    public async Task It_serves_until_it_is_interrupted_and_leaves_nothing_behind()
    {
        string temporary = Directory.CreateDirectory(world.New("tmp")).FullName;
        Process process = CommandLine.Start($"export TMPDIR='{temporary}'", ["serve", world.RoutedFolder, world.CaptionFolder, "--port", "0"]);
        string? said;
        var lines = new List<string>();
        while ((said = await process.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken)) is not null && !said.StartsWith("http", StringComparison.Ordinal))
            lines.Add(said);
        string address = said!.Split(' ')[0];

        Assert.StartsWith("http://127.0.0.1:", address, StringComparison.Ordinal);
        Assert.Equal(["question answering: tiny", "captioning: captions"], lines);
        using (var client = new HttpClient())
            Assert.Contains("\"tiny\"", await client.GetStringAsync($"{address}/api/runs", TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.Single(Directory.EnumerateDirectories(temporary, "vlpeft-serve-*"));
        CommandLine.Signal(process, CommandLine.Interrupt);
        CommandResult ended = (await CommandLine.End(process)).Expect(0);
        Assert.DoesNotContain("warning", ended.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("error", ended.Error, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateDirectories(temporary, "vlpeft-serve-*"));
    }

    [Fact]
    public async Task It_warns_when_others_can_reach_it()
    {
        Process process = CommandLine.Start("serve", world.RoutedFolder, "--port", "0", "--host", "0.0.0.0");
        await process.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken);
        string? address = await process.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken);
        CommandLine.Signal(process, CommandLine.Interrupt);

        CommandResult ended = (await CommandLine.End(process)).Expect(0);
        Assert.StartsWith("http://0.0.0.0:", address, StringComparison.Ordinal);
        Assert.Contains("warning: --host 0.0.0.0", ended.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_port_that_is_taken_is_refused()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        string port = $"{((IPEndPoint)taken.LocalEndpoint).Port}";

        CommandLine.Refused(["serve", world.RoutedFolder, "--port", port], $"--port {port}", "name another port");
    }

    [Fact]
    public void What_is_wrong_with_the_command_line_is_said()
    {
        CommandLine.Refused(["serve", world.RoutedFolder, "--port", "70000"], "--port", "65535");
        CommandLine.Refused(["serve", world.RoutedFolder, "--host", "my house"], "--host", "'my house'");
        CommandLine.Refused(["serve", world.New("nothing")], "is no run folder");
        CommandLine.Refused(["serve", world.RoutedFolder, world.RoutedFolder], "seed 0 twice");
        CommandLine.Refused(["serve"], "runs is missing");
    }
}
