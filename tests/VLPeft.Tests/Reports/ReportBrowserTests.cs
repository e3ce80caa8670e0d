using Microsoft.Playwright;
using VLPeft.Cli.Reports;
using VLPeft.Tests.Serving;
using Xunit;

namespace VLPeft.Tests.Reports;

/// <summary>A report in a real browser, on a desk and on a phone, by day and by night.</summary>
public sealed class ReportBrowserTests(Browser browser) : IClassFixture<Browser>, IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(1280, ColorScheme.Light), InlineData(390, ColorScheme.Light), InlineData(1280, ColorScheme.Dark), InlineData(390, ColorScheme.Dark)]
    public async Task EverybodyCanReadIt(int width, ColorScheme scheme)
    {
        await using OpenPage open = await Opened(ReportSamples.Everything(), width, scheme);
        await open.Page.EvaluateAsync("document.querySelectorAll('details').forEach((one) => one.open = true)");

        await open.IsAccessible();
        Assert.Equal(scheme == ColorScheme.Dark, await open.Page.EvaluateAsync<string>("getComputedStyle(document.body).backgroundColor") == "rgb(16, 19, 23)");
        Assert.Equal(1, await open.Page.EvaluateAsync<int>("[...document.images].filter((one) => one.naturalWidth === 32).length")); // the policy lets it be shown
        await open.Keep($"{width}-{(scheme == ColorScheme.Dark ? "dark" : "light")}", "report");
        Assert.Empty(open.Wrong); // nor does anything leave the page
    }

    [Fact]
    public async Task CaptionsAreReadToo()
    {
        await using OpenPage open = await Opened(ReportSamples.Captions(), 390, ColorScheme.Dark);
        await open.IsAccessible();
        Assert.Empty(open.Wrong);
    }

    private Task<OpenPage> Opened(ReportModel model, int width, ColorScheme scheme) =>
        browser.Open(new Uri(_folder.Write("report.html", HtmlReport.Render(model))).AbsoluteUri, width, scheme, until: "h1");
}
