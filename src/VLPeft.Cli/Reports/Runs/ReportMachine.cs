using System.Runtime.InteropServices;

namespace VLPeft.Cli.Reports.Runs;

/// <summary>The machine that a report is made on.</summary>
internal static class ReportMachine
{
    public static IReadOnlyList<(string Key, string Value)> Describe() =>
    [
        ("processor", $"{RuntimeInformation.ProcessArchitecture}, {Environment.ProcessorCount} cores"),
        ("system", RuntimeInformation.OSDescription),
        ("runtime", RuntimeInformation.FrameworkDescription),
    ];
}
