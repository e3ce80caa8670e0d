using Deque.AxeCore.Commons;
using Deque.AxeCore.Playwright;
using Microsoft.Playwright;
using VLPeft.TestData;
using Xunit;

namespace VLPeft.Tests.Serving;

/// <summary>
/// Debian's Chromium, driven by Playwright: <c>apt-get install chromium</c>, or VLPEFT_CHROMIUM names another. Tests skip where there is none.
/// </summary>
public sealed class Browser : IAsyncLifetime
{
    // Chromium's own calls home are off: where the network is closed they are refused by the dozen.
    private static readonly string[] Arguments =
    [
        "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
    ];

    private IPlaywright? _playwright;
    private IBrowser? _browser;

    public async ValueTask InitializeAsync()
    {
        if (Program is not { } program)
            return;
        _playwright = await Playwright.CreateAsync();
        _browser = await _playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions { ExecutablePath = program, Args = Arguments, Timeout = 60_000 });
    }

    public async ValueTask DisposeAsync()
    {
        if (_browser is not null)
            await _browser.DisposeAsync();
        _playwright?.Dispose();
    }

    /// <summary>The page of an address, once something of it is there; skips the running test where there is no browser.</summary>
    public async Task<OpenPage> Open(string address, int width, ColorScheme scheme = ColorScheme.Light, string until = ".sample")
    {
        Assert.SkipWhen(_browser is null, "needs Chromium: apt-get install chromium, or VLPEFT_CHROMIUM=its path");
        IPage page = await _browser!.NewPageAsync(new BrowserNewPageOptions
        {
            ViewportSize = new ViewportSize { Width = width, Height = 900 },
            ColorScheme = scheme,
            BaseURL = address,
        });
        page.SetDefaultTimeout(60_000); // other tests compute meanwhile
        var open = new OpenPage(page, address);
        await page.GotoAsync(address);
        await page.Locator(until).First.WaitForAsync();
        return open;
    }

    private static string? Program => Environment.GetEnvironmentVariable("VLPEFT_CHROMIUM") is { Length: > 0 } named ? named
        : File.Exists("/usr/bin/chromium") ? "/usr/bin/chromium" : null;
}

/// <summary>An open page, and what it complained of.</summary>
public sealed class OpenPage : IAsyncDisposable
{
    private readonly List<string> _wrong = [];

    public OpenPage(IPage page, string address)
    {
        Page = page;
        page.Console += (_, message) => Note(message.Type is "error" or "warning", message.Text);
        page.PageError += (_, error) => Note(true, error);
        page.Request += (_, request) => Note(!request.Url.StartsWith(address, StringComparison.Ordinal), $"a request to {request.Url}");
    }

    public IPage Page { get; }

    /// <summary>Errors, violations of the content policy, and requests to elsewhere.</summary>
    public IReadOnlyList<string> Wrong => _wrong;

    /// <summary>Everybody can read it, on any screen: no violation of axe's rules, among them alternative texts and contrast, and nothing to scroll sideways.</summary>
    public async Task IsAccessible()
    {
        AxeResult found = await Page.RunAxe();
        Assert.Empty(found.Violations.Select(one => $"{one.Id}: {one.Help}: {string.Join(" | ", one.Nodes.Select(node => node.Html))}"));
        Assert.Equal(Page.ViewportSize!.Width, await Page.EvaluateAsync<int>("document.documentElement.scrollWidth"));
    }

    /// <summary>Keeps a picture of the whole page under artifacts.</summary>
    public Task Keep(string name, string folder = "serve") => Page.ScreenshotAsync(new PageScreenshotOptions
    {
        Path = Path.Combine(SharedData.RepositoryRoot(), "artifacts", folder, $"{name}.png"),
        FullPage = true,
    });

    public async ValueTask DisposeAsync() => await Page.CloseAsync();

    private void Note(bool isWrong, string text)
    {
        if (isWrong)
            _wrong.Add(text);
    }
}
