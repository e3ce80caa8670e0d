using System.Diagnostics;
using System.Text.Json;
using Xunit;

namespace VLPeft.Tests.Reports;

/// <summary>
/// The Nu Html Checker, which knows what the specifications of HTML, CSS and SVG allow: VLPEFT_VNU_JAR names vnu.jar (`npm pack vnu-jar`), and Java runs it.
/// </summary>
internal static class HtmlChecker
{
    private const string Variable = "VLPEFT_VNU_JAR";

    // The checker matches no data: address with a policy's data:, as browsers do; ReportBrowserTests sees such pictures shown.
    private const string Mistaken = "Resource violates Content Security Policy (meta tag): image “data:image/";

    // It recurses deeply over its schemas, and is gone before compiling its own code well would pay.
    private static readonly string[] Java = ["-Xss4m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"];

    private static string? Jar => Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } named && File.Exists(named) ? named : null;

    private static bool HasJava => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Any(folder => File.Exists(Path.Combine(folder, "java")));

    private static string? Missing => Jar is null ? $"needs the Nu Html Checker: {Variable}=path of vnu.jar (npm pack vnu-jar)" : HasJava ? null : "needs java on the PATH";

    /// <summary>Skips the running test where there is no checker.</summary>
    public static void Require() => Assert.SkipWhen(Missing is not null, Missing ?? "");

    /// <summary>Files, .html or .css, in which the checker must find no error and nothing to warn of. Where there is no checker, a warning of the test says so.</summary>
    public static async Task Accepts(params string[] files)
    {
        if (Missing is { } reason)
            TestContext.Current.AddWarning($"{string.Join(", ", files.Select(Path.GetFileName))} not checked: {reason}");
        else
            Assert.Empty(await Findings(files));
    }

    /// <summary>Errors and warnings, each with its place. One start of Java for all files.</summary>
    public static async Task<IReadOnlyList<string>> Findings(params string[] files)
    {
        Assert.All(files, file => Assert.True(File.Exists(file), $"{file} is not there")); // which the checker would pass over
        var start = new ProcessStartInfo("java") { RedirectStandardOutput = true };
        foreach (string argument in (string[])[.. Java, "-jar", Jar!, "--format", "json", "--stdout", "--exit-zero-always", "--also-check-css", .. files])
            start.ArgumentList.Add(argument);
        using Process process = Process.Start(start)!;
        string output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0, process.ExitCode);
        using JsonDocument found = JsonDocument.Parse(output);
        return [.. found.RootElement.GetProperty("messages").EnumerateArray().Where(IsWrong).Select(Told)];
    }

    // What has neither is a remark: that a void element ends in a slash, which our pages need to be XML too.
    private static bool IsWrong(JsonElement message) => (message.GetProperty("type").GetString() != "info" || message.TryGetProperty("subType", out _))
        && !message.GetProperty("message").GetString()!.StartsWith(Mistaken, StringComparison.Ordinal);

    private static string Told(JsonElement message) =>
        string.Join(": ", new[] { "url", "lastLine", "message", "extract" }.Where(key => message.TryGetProperty(key, out _)).Select(key => $"{message.GetProperty(key)}"));
}
