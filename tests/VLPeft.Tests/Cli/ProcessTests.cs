using System.Diagnostics;
using System.Security.Cryptography;
using Xunit;

namespace VLPeft.Tests.Cli;

/// <summary>The program as a process: interrupted, killed, and on a disk that is full.</summary>
public sealed class ProcessTests(TinyWorld world) : IClassFixture<TinyWorld>
{
    private const int Steps = 400;
    private static readonly string[] Compared = ["checkpoint.safetensors", "best-loss.safetensors", "best-accuracy.safetensors", "metrics.jsonl"];

    [Fact]
    public async Task AnInterruptedAndThriceKilledRunEndsAsAnUndisturbedOne()
    {
        string undisturbed = world.New(), run = world.New();
        Task<CommandResult> first = CommandLine.End(CommandLine.Start(Train(undisturbed)));

        Process process = CommandLine.Start(Train(run));
        await CommandLine.Until(process, () => LoggedSteps(run) >= 20);
        CommandLine.Signal(process, CommandLine.Interrupt);
        CommandResult interrupted = (await CommandLine.End(process)).Expect(130);
        Assert.Contains("the same command goes on from there", interrupted.Error, StringComparison.Ordinal);
        int reached = LoggedSteps(run);
        foreach (int moment in (int[])[70, 150, 260])
        {
            process = CommandLine.Start(Train(run));
            await CommandLine.Until(process, () => LoggedSteps(run) >= moment);
            CommandLine.Signal(process, CommandLine.Kill);
            await CommandLine.End(process);
        }
        CommandResult ended = (await CommandLine.End(CommandLine.Start(Train(run)))).Expect(0);
        Assert.Contains("resuming after step", ended.Error, StringComparison.Ordinal);
        Assert.InRange(reached, 20, Steps - 1);

        (await first).Expect(0);
        Assert.Equal(Hashes(undisturbed), Hashes(run));
        Assert.Empty(Directory.EnumerateFiles(run, "*.tmp"));
    }

    [Fact]
    public async Task AFullDiskEndsTheRunWithTheOldCheckpointInPlace()
    {
        string run = world.New(), checkpoint = Path.Combine(run, "checkpoint.safetensors");
        // Growing a file beyond the limit then is an error like that of a full disk, not a signal that kills.
        Process process = CommandLine.Start("trap '' XFSZ", Train(run, "training.log-every=200", "training.validate-every=400"));
        await CommandLine.Until(process, () => File.Exists(checkpoint));
        CommandLine.LimitFiles(process, new FileInfo(checkpoint).Length / 2);
        CommandResult failed = (await CommandLine.End(process)).Expect(1);
        Assert.Contains($"error: '{checkpoint}' can't be written", failed.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("VLPEFT_TRACE", failed.Error, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFiles(run, "*.tmp"));

        CommandResult resumed = CommandLine.Run(Train(run, "training.log-every=200", "training.validate-every=400")).Expect(0);
        Assert.Contains("resuming after step", resumed.Error, StringComparison.Ordinal);
    }

    private string[] Train(string run, params string[] more)
    {
        string[] settings = [$"training.steps={Steps}", "training.validate-every=50", "training.checkpoint-every=7", .. more];
        return ["train", world.Recipe, "-o", run, .. settings.SelectMany(setting => new[] { "--set", setting })];
    }

    private static int LoggedSteps(string run)
    {
        string metrics = Path.Combine(run, "metrics.jsonl");
        return File.Exists(metrics) ? File.ReadLines(metrics).Count() : 0;
    }

    private static string[] Hashes(string run) =>
        [.. Compared.Select(name => $"{name} {Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(Path.Combine(run, name))))}")];
}
