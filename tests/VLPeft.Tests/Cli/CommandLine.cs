using System.Diagnostics;
using System.Runtime.InteropServices;
using Spectre.Console;
using VLPeft.Cli;
using Xunit;

namespace VLPeft.Tests.Cli;

/// <summary>What a command printed, and how it ended.</summary>
internal sealed record CommandResult(int ExitCode, string Out, string Error)
{
    public CommandResult Expect(int code)
    {
        Assert.True(ExitCode == code, $"exit code {ExitCode} instead of {code}\n{Out}\n{Error}");
        return this;
    }
}

/// <summary>Runs <c>vlpeft</c>: within this process, or as a process of its own that can be interrupted and killed.</summary>
internal static class CommandLine
{
    public const int Interrupt = 2, Kill = 9;

    public static CommandResult Run(params string[] args)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        int code = CliApplication.Run(args, new CliConsole(Terminal(output), Terminal(error)));
        return new CommandResult(code, output.ToString(), error.ToString());
    }

    /// <summary>Runs what must be refused: exit code 2, and one paragraph as the last thing said, with these words in it.</summary>
    public static string Refused(string[] args, params string[] words)
    {
        CommandResult result = Run(args).Expect(2);
        Assert.Empty(result.Out);
        string[] lines = result.Error.TrimEnd().Split('\n');
        string error = Assert.Single(lines, line => line.StartsWith("error: ", StringComparison.Ordinal));
        Assert.True(error == lines[^1] || lines[^1].StartsWith("`vlpeft", StringComparison.Ordinal), $"more follows the error:\n{result.Error}");
        foreach (string word in words)
            Assert.True(error.Contains(word, StringComparison.Ordinal), $"'{word}' is not in\n{error}");
        return error;
    }

    /// <summary>A console that writes there alone.</summary>
    public static CliConsole Console(TextWriter writer) => new(Terminal(writer), Terminal(writer));

    public static Process Start(params string[] args) => Start("", args);

    /// <summary>Starts the program after some shell commands that its process keeps the effects of.</summary>
    public static Process Start(string shell, string[] args)
    {
        var start = new ProcessStartInfo("/bin/sh") { UseShellExecute = false, RedirectStandardError = true, RedirectStandardOutput = true };
        foreach (string part in (string[])["-c", $"{shell}\nexec \"$@\"", "sh", Path.Combine(AppContext.BaseDirectory, "VLPeft.Cli"), .. args])
            start.ArgumentList.Add(part);
        return Process.Start(start)!;
    }

    public static async Task<CommandResult> End(Process process)
    {
        using (process)
        {
            Task<string> output = process.StandardOutput.ReadToEndAsync(), error = process.StandardError.ReadToEndAsync();
            await process.WaitForExitAsync(TestContext.Current.CancellationToken);
            return new CommandResult(process.ExitCode, await output, await error);
        }
    }

    /// <summary>Waits until something holds of a running process, which must not end before.</summary>
    public static async Task Until(Process process, Func<bool> holds)
    {
        while (!holds())
        {
            Assert.False(process.HasExited, "the program ended too early");
            await Task.Delay(5, TestContext.Current.CancellationToken);
        }
    }

    public static void Signal(Process process, int signal)
    {
        if (signal == Interrupt && IgnoresInterrupts())
        {
            process.Kill();
            Assert.Skip("the shell that started the tests has them ignore SIGINT, as with nohup or &, and what they start too");
        }
        Assert.Equal(0, Native.kill(process.Id, signal));
    }

    private static bool IgnoresInterrupts()
    {
        const string status = "/proc/self/status", key = "SigIgn:";
        return File.Exists(status) && File.ReadLines(status).First(line => line.StartsWith(key, StringComparison.Ordinal)) is { } ignored
            && (Convert.ToUInt64(ignored[key.Length..].Trim(), 16) >> (Interrupt - 1) & 1) == 1;
    }

    /// <summary>From now on no file of the process can grow beyond so many bytes.</summary>
    public static void LimitFiles(Process process, long bytes) =>
        Assert.Equal(0, Native.prlimit(process.Id, Native.FileSize, new Native.Limit { Soft = (ulong)bytes, Hard = (ulong)bytes }, 0));

    private static IAnsiConsole Terminal(TextWriter writer)
    {
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = AnsiSupport.No,
            Interactive = InteractionSupport.No,
            Out = new AnsiConsoleOutput(writer),
        });
        console.Profile.Width = 200;
        return console;
    }

    private static class Native
    {
        public const int FileSize = 1;

        public struct Limit
        {
            public ulong Soft, Hard;
        }

        [DllImport("libc", SetLastError = true)]
        public static extern int kill(int process, int signal);

        [DllImport("libc", SetLastError = true)]
        public static extern int prlimit(int process, int resource, in Limit limit, nint old);
    }
}
