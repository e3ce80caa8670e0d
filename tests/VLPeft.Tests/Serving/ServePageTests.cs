using Microsoft.Playwright;
using VLPeft.Tests.Reports;
using Xunit;

namespace VLPeft.Tests.Serving;

/// <summary>The page of <c>vlpeft serve</c> in a real browser, on a desk and on a phone.</summary>
public sealed class ServePageTests(ServedWorld world, Browser browser) : IClassFixture<ServedWorld>, IClassFixture<Browser>
{
    private const string Question = "what color is the circle?";

    [Theory, InlineData(1280), InlineData(390)]
    public async Task A_question_is_answered_by_every_run_side_by_side(int width)
    {
        await using OpenPage open = await browser.Open(world.Address, width);
        await Ask(open.Page, Question);

        foreach (string run in (string[])[ServedWorld.Plain, ServedWorld.Routed])
        {
            ILocator card = Card(open.Page, "answers", run);
            Assert.Equal(5, await card.Locator(".given tbody tr").CountAsync());
            string given = (await ServedWorld.Right(world.Post($"/api/runs/{run}/answers", new { picture = "sample-1", question = Question })))
                .GetProperty("answers")[0].GetProperty("answer").GetString()!;
            Assert.Equal(given, await card.Locator(".given tbody th").First.TextContentAsync());
        }
        Assert.Contains("multiply: ", await open.Page.Locator("#ask-status").TextContentAsync(), StringComparison.Ordinal);
        await open.Keep($"ask-{width}");
        Assert.Empty(open.Wrong);
    }

    [Theory, InlineData(1280), InlineData(390)]
    public async Task An_uploaded_picture_is_answered(int width)
    {
        await using OpenPage open = await browser.Open(world.Address, width);
        await open.Page.Locator("#upload").SetInputFilesAsync(new FilePayload { Name = "mine.png", MimeType = "image/png", Buffer = await File.ReadAllBytesAsync(world.Picture, TestContext.Current.CancellationToken) });
        await Assertions.Expect(open.Page.Locator("#current-title")).ToHaveTextAsync("mine.png (32 × 32)");
        await Ask(open.Page, Question);

        Assert.Equal(5, await Card(open.Page, "answers", ServedWorld.Routed).Locator(".given tbody tr").CountAsync());
        Assert.Equal(0, await open.Page.Locator("#samples input:checked").CountAsync());
        Assert.True(await open.Page.EvaluateAsync<bool>("document.getElementById('current').naturalWidth === 32"), "the picture is not shown");
        await open.Keep($"upload-{width}");
        Assert.Empty(open.Wrong);
    }

    [Theory, InlineData(1280), InlineData(390)]
    public async Task A_text_file_named_png_gives_a_message(int width)
    {
        await using OpenPage open = await browser.Open(world.Address, width);
        await open.Page.Locator("#upload").SetInputFilesAsync(new FilePayload { Name = "notes.png", MimeType = "image/png", Buffer = "just some notes, no picture"u8.ToArray() });

        ILocator problem = open.Page.GetByRole(AriaRole.Alert).Filter(new LocatorFilterOptions { HasText = "notes.png" });
        await Assertions.Expect(problem).ToContainTextAsync("expected a PNG or JPEG picture, got text that starts with");
        await Assertions.Expect(open.Page.Locator("#current-title")).ToContainTextAsync("Picture"); // the sample is still there
        await open.Keep($"text-file-{width}");
        Assert.All(open.Wrong, one => Assert.Contains("400 (Bad Request)", one, StringComparison.Ordinal)); // which a browser logs
    }

    [Theory, InlineData(1280), InlineData(390)]
    public async Task A_file_that_is_too_large_gives_a_message(int width)
    {
        await using OpenPage open = await browser.Open(world.Address, width);
        await open.Page.Locator("#upload").SetInputFilesAsync(new FilePayload { Name = "big.png", MimeType = "image/png", Buffer = new byte[(10 << 20) + 1] });

        await Assertions.Expect(open.Page.Locator("#picture-problem")).ToContainTextAsync("too large");
        Assert.Empty(open.Wrong);
    }

    [Theory, InlineData(1280), InlineData(390)]
    public async Task Two_variants_are_compared_in_how_they_move_with_the_picture(int width)
    {
        await using OpenPage open = await browser.Open(world.Address, width, ColorScheme.Dark);
        await Ask(open.Page, Question);
        Assert.Equal(0, await open.Page.Locator("#answers .movement").CountAsync());
        await open.Page.Locator(".sample").Nth(1).ClickAsync();
        await Ask(open.Page, Question);

        foreach (string run in (string[])[ServedWorld.Plain, ServedWorld.Routed])
        {
            ILocator card = Card(open.Page, "answers", run);
            Assert.Equal(["0 query", "0 value", "1 query", "1 value"], await card.Locator(".movement tbody th").AllTextContentsAsync());
            Assert.True(await card.Locator(".movement .fill").First.EvaluateAsync<double>("bar => parseFloat(bar.style.inlineSize)") > 0, $"{run}: no bar");
        }
        bool sideBySide = await open.Page.EvaluateAsync<bool>("(([a, b]) => a.offsetTop === b.offsetTop)(document.querySelectorAll('#answers .card'))");
        Assert.Equal(width == 1280, sideBySide);
        await open.Keep($"compare-{width}");
        Assert.Empty(open.Wrong);
    }

    [Theory, InlineData(1280), InlineData(390)]
    public async Task A_caption_streams(int width)
    {
        await using OpenPage open = await browser.Open(world.Address, width);
        await open.Page.EvaluateAsync("""
            () => {
              window.grown = [];
              new MutationObserver((changes) => changes.forEach((change) => change.target.matches('.said') && window.grown.push(change.target.textContent, ...[...change.addedNodes].map((node) => node.data))))
                .observe(document.getElementById('captions'), { subtree: true, childList: true });
            }
            """);
        await open.Page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Caption", Exact = true }).ClickAsync();
        await Ready(open.Page, "captions");

        string caption = (await ServedWorld.Right(world.Post($"/api/runs/{ServedWorld.Captions}/caption", new { picture = "sample-1", beams = 1 }))).GetProperty("caption").GetString()!;
        Assert.Equal(caption, await Card(open.Page, "captions", ServedWorld.Captions).Locator(".said").TextContentAsync());
        string[] grown = [.. (await open.Page.EvaluateAsync<string[]>("window.grown")).Distinct()];
        Assert.True(grown.Length >= caption.Split(' ').Length, string.Join('|', grown));
        await open.Keep($"caption-{width}");
        Assert.Empty(open.Wrong);
    }

    [Fact]
    public async Task A_question_of_the_data_set_comes_with_its_answer()
    {
        await using OpenPage open = await browser.Open(world.Address, 1280);
        var sample = (await world.Get("/api/pictures"))[0].GetProperty("questions")[0];
        await open.Page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = sample.GetProperty("question").GetString() }).ClickAsync();
        await Ready(open.Page, "answers");

        await Assertions.Expect(open.Page.Locator("#truth")).ToHaveTextAsync($"The data set's answer: {sample.GetProperty("answer").GetString()}");
        await Ask(open.Page, "another question?");
        await Assertions.Expect(open.Page.Locator("#truth")).ToBeHiddenAsync();
        Assert.Empty(open.Wrong);
    }

    [Fact]
    public async Task Everything_is_reached_by_keyboard()
    {
        await using OpenPage open = await browser.Open(world.Address, 1280);
        await open.Page.Locator("#samples input:checked").FocusAsync();
        await open.Page.Keyboard.PressAsync("ArrowRight");
        Assert.Equal("sample-2", await open.Page.Locator("#samples input:checked").InputValueAsync());
        await open.Page.Keyboard.PressAsync("Tab");
        Assert.Equal("question", await open.Page.EvaluateAsync<string>("document.activeElement.id"));
        await open.Page.Keyboard.TypeAsync(Question);
        await open.Page.Keyboard.PressAsync("Enter");
        await Ready(open.Page, "answers");
        Assert.Equal(5, await Card(open.Page, "answers", ServedWorld.Routed).Locator(".given tbody tr").CountAsync());
    }

    [Theory]
    [InlineData(1280, ColorScheme.Light), InlineData(390, ColorScheme.Light), InlineData(1280, ColorScheme.Dark), InlineData(390, ColorScheme.Dark)]
    public async Task Nothing_is_inaccessible_or_too_wide(int width, ColorScheme scheme)
    {
        await using OpenPage open = await browser.Open(world.Address, width, scheme);
        await Ask(open.Page, Question);
        await open.Page.Locator(".sample").Nth(2).ClickAsync();
        await Ask(open.Page, Question);
        await open.Page.Locator("#caption button").ClickAsync();
        await Ready(open.Page, "captions");
        await open.Page.Locator(".about summary").ClickAsync();

        await open.IsAccessible();
        await open.Keep($"whole-{width}-{(scheme == ColorScheme.Dark ? "dark" : "light")}");
        Assert.Empty(open.Wrong);
    }

    [Fact]
    public async Task The_page_is_valid_html_as_it_comes_and_with_answers_in_it()
    {
        HtmlChecker.Require();
        await using OpenPage open = await browser.Open(world.Address, 1280);
        await Ask(open.Page, Question);
        await open.Page.Locator(".sample").Nth(1).ClickAsync();
        await Ask(open.Page, Question);
        await open.Page.Locator("#caption button").ClickAsync();
        await Ready(open.Page, "captions");

        CancellationToken end = TestContext.Current.CancellationToken;
        await HtmlChecker.Accepts(
            Kept("as-it-comes.html", await world.Client.GetStringAsync("/", end)), Kept("page.css", await world.Client.GetStringAsync("/page.css", end)),
            Kept("with-answers.html", await open.Page.ContentAsync()));

        string Kept(string name, string text)
        {
            string file = Path.Combine(Directory.CreateDirectory(world.New("pages")).FullName, name);
            File.WriteAllText(file, text);
            return file;
        }
    }

    private static ILocator Card(IPage page, string place, string run) => page.Locator($"#{place} [data-run={run}]");

    private static async Task Ask(IPage page, string question)
    {
        await page.Locator("#question").FillAsync(question);
        await page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Ask", Exact = true }).ClickAsync();
        await Ready(page, "answers");
    }

    private static async Task Ready(IPage page, string place)
    {
        await page.Locator($"#{place} .card").First.WaitForAsync();
        await Assertions.Expect(page.Locator($"#{place} [aria-busy=true]")).ToHaveCountAsync(0, new LocatorAssertionsToHaveCountOptions { Timeout = 60_000 });
    }
}
