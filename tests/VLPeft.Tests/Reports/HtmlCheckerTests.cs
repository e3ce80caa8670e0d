using VLPeft.Cli.Reports;
using Xunit;

namespace VLPeft.Tests.Reports;

/// <summary>Reports are valid HTML by the Nu Html Checker. The pages that commands write are checked where those commands are tested.</summary>
public sealed class HtmlCheckerTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task WhatIsWrongIsFoundAndAllElseIsAccepted()
    {
        HtmlChecker.Require();
        string good = Written("all.html", ReportSamples.Everything()), captions = Written("captions.html", ReportSamples.Captions());
        string broken = _folder.Write("broken.html", HtmlReport.Render(ReportSamples.Two()).Replace(" alt=\"a red circle\"", "", StringComparison.Ordinal)
            .Replace("--page: #f6f7f9;", "paper: white;", StringComparison.Ordinal).Replace("<h1>", "<h1 id=\"results\">", StringComparison.Ordinal));

        IReadOnlyList<string> found = await HtmlChecker.Findings(good, captions, broken);

        Assert.All(found, one => Assert.Contains("broken.html", one, StringComparison.Ordinal));
        foreach (string fault in new[] { "must have an “alt” attribute", "“paper”: Property “paper” doesn't exist", "Duplicate ID “results”" })
            Assert.Contains(found, one => one.Contains(fault, StringComparison.Ordinal));
    }

    private string Written(string name, ReportModel model) => _folder.Write(name, HtmlReport.Render(model));
}
