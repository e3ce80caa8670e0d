using System.Diagnostics;
using VLPeft.Evaluation.Captions;
using Xunit;

namespace VLPeft.Tests.Evaluation.Captions;

/// <summary>What holds of every text; the tokens themselves are compared in the parity tests.</summary>
public sealed class PtbTokenizerTests
{
    // What starts a rule that may read far before it fails.
    private static readonly string[] Pieces =
    [
        "a", "Z", "é", "7", " ", ".", ",", "-", "'", "’", "\"", "``", "''", "<", ">", "/", "\\", "@", "#", "&", "&amp;", "&nbsp;", "!", "?", "(", ")",
        "[", "]", "{", "}", "*", "_", "$", "€", "½", "…", "…", "https://", "www.", ".com", "U.S.", "etc.", "No.", "n't", "'re", "4 1/2", "\0",
        "\t", "\n", "\r", "\v", "\f", "\u0085", "\u00A0", "\u00AD", "\u200B", "\u2028", "\u2029", "\uFEFF", "\uFFFF", "\uD83D", "\uDE00", "İ", "Σ", "猫",
    ];

    [Fact]
    public void NoTextIsRefused()
    {
        var random = new Random(5);
        string[] texts = [.. Enumerable.Range(0, 100_000).Select(i => i % 2 == 0 ? Characters(random) : Mixed(random))];
        IReadOnlyList<string> lines = PtbTokenizer.Tokenize(texts);
        Assert.Equal(texts.Length, lines.Count);
        Assert.All(lines, line =>
        {
            Assert.DoesNotContain("  ", line, StringComparison.Ordinal);
            Assert.Equal(-1, line.IndexOfAny(['\n', '\r', '\v', '\f', '\u2028', '\u2029']));
        });
    }

    [Theory]
    [InlineData("a")]
    [InlineData("A.")]
    [InlineData("a ")]
    [InlineData("7,")]
    [InlineData("<a")]
    [InlineData("<!a")]
    [InlineData("<a b=\"")]
    [InlineData("a-")]
    [InlineData("a/")]
    [InlineData("a.b,")]
    [InlineData("ab@")]
    [InlineData("a(")]
    [InlineData("www.a.")]
    [InlineData("https://")]
    [InlineData("x;")]
    [InlineData(". ")]
    [InlineData("'")]
    [InlineData("No. ")]
    [InlineData("U.S. ")]
    [InlineData("\0")]
    [InlineData("aé$b%")]
    public void ALongTextTakesTimeInProportion(string piece)
    {
        const int Short = 100_000, Longer = 10;
        string text = string.Concat(Enumerable.Repeat(piece, Short / piece.Length));
        string longer = string.Concat(Enumerable.Repeat(text, Longer));
        PtbTokenizer.Tokenize(text);
        double time = Best(text), longTime = Best(longer);
        // A quadratic lexer takes 100 times as long and minutes.
        Assert.True(longTime < 4 * Longer * time + 0.5, $"{text.Length:N0} characters take {time:0.000} s, {longer.Length:N0} take {longTime:0.000} s");
    }

    [Fact]
    public void TenMegabytesTakeTimeInProportionToOne()
    {
        const string Sentence = "A man's well-known dog, e.g. the 2nd one (on the left), isn't at http://www.dog.com/a?b=c & runs 4 1/2 miles... ";
        string one = string.Concat(Enumerable.Repeat(Sentence, (1 << 20) / Sentence.Length));
        string ten = string.Concat(Enumerable.Repeat(one, 10));
        PtbTokenizer.Tokenize(one);
        double time = Best(one), longTime = Best(ten);
        Assert.True(longTime < 30 * time + 0.5, $"1 MB takes {time:0.000} s, 10 MB take {longTime:0.000} s");
    }

    [Theory]
    [InlineData("a man\non a horse", "a man on a horse")]
    [InlineData("a man\r\non\u2028a\vhorse\f", "a man on a horse")]
    [InlineData("a man\u2029on a horse", "a man on a horse")]
    public void ALineSeparatorIsASpace(string caption, string tokens) =>
        Assert.Equal(["before", tokens, "after"], PtbTokenizer.Tokenize(["before.", caption, "after"]));

    [Theory]
    [InlineData("a\0b\u0001c\u001Bd", "a b c d")]
    [InlineData("", "")]
    [InlineData("...", "")]
    [InlineData("😀", "")]
    [InlineData("ΣΟΦΟΣ ΣΑΣ Σ", "σοφος σας σ")]
    [InlineData("İstanbul", "i\u0307stanbul")]
    [InlineData("(555) 555-0122", "-lrb-555-rrb-\u00A0555-0122")]
    [InlineData("Take 3 :-) or :( now", "take 3 :--rrb- or :-lrb- now")]
    public void OddCharacters(string caption, string tokens) => Assert.Equal(tokens, PtbTokenizer.Tokenize(caption));

    [Fact]
    public void TheNextCaptionDecidesOnTheLastFullStopAsInTheOfficialEvaluation()
    {
        Assert.Equal(["page no.", "5 cows"], PtbTokenizer.Tokenize(["Page No.", "5 cows"]));
        Assert.Equal(["page no", "cows"], PtbTokenizer.Tokenize(["Page No.", "cows"]));
    }

    [Fact]
    public void NothingIsNothing() => Assert.Empty(PtbTokenizer.Tokenize([]));

    private static string Characters(Random random) =>
        new([.. Enumerable.Range(0, random.Next(40)).Select(_ => (char)random.Next(random.Next(2) == 0 ? 0x100 : 0x10000))]);

    private static string Mixed(Random random) => string.Concat(random.GetItems(Pieces, random.Next(20)));

    private static double Best(string text)
    {
        double best = double.MaxValue;
        for (int i = 0; i < 2; i++)
        {
            long start = Stopwatch.GetTimestamp();
            PtbTokenizer.Tokenize(text);
            best = Math.Min(best, Stopwatch.GetElapsedTime(start).TotalSeconds);
        }
        return best;
    }
}
