using VLPeft.Evaluation.Captions.Lexing;
using Xunit;

namespace VLPeft.Tests.Evaluation.Captions;

public sealed class ScannerTests
{
    private static readonly CharSet Letter = CharSet.Of("", ('a', 'z'));

    [Theory]
    [InlineData("if", "if:keyword")]
    [InlineData("IF", "IF:keyword")] // text matches in either case, sets as they stand
    [InlineData("iffy", "iffy:word")]
    [InlineData("ab12", "ab:before-number 12:number")]
    [InlineData("ab1", "ab:word 1:number")]
    [InlineData("1.5.", "1.5:number .:dot")]
    public void TheLongestMatchWinsThenTheFirstRule(string text, string tokens)
    {
        (string Name, LexerRule Rule)[] rules =
        [
            ("keyword", new("if")),
            ("word", new(Letter.Some())),
            ("before-number", new(Letter.Some(), CharSet.Of("", ('0', '9')).Times(2, 2))),
            ("number", new(CharSet.Of("", ('0', '9')).Some() + ("." + CharSet.Of("", ('0', '9')).Some()).Optional())),
            ("dot", new(".")),
        ];
        var scanner = new Scanner([.. rules.Select(one => one.Rule)]);
        List<string> got = [];
        for (int at = 0; at < text.Length;)
        {
            var (rule, end) = scanner.Match(text, at, new FailureMemory(0, text.Length))!.Value;
            got.Add($"{text[at..end]}:{rules.Single(one => one.Rule == rule).Name}");
            at = end;
        }
        Assert.Equal(tokens, string.Join(' ', got));
    }

    [Fact]
    public void WhatIsRememberedChangesNoMatch()
    {
        // Each < looks far ahead for >, each a for @, and both are often in vain.
        var scanner = new Scanner(
        [
            new("<" + CharSet.Except("> ").Any() + ">"), new("a" + CharSet.Except("@>").Any() + "@"), new(CharSet.Of("a<b")), new(CharSet.Except("a<b")),
        ]);
        var random = new Random(3);
        for (int i = 0; i < 200; i++)
        {
            string text = new([.. Enumerable.Range(0, 600).Select(_ => random.Next(200) switch { 0 => '>', 1 => '@', 2 => ' ', < 80 => '<', < 140 => 'a', _ => 'b' })]);
            var memory = new FailureMemory(0, text.Length);
            for (int at = 0; at < text.Length;)
            {
                int end = scanner.Match(text, at, memory)!.Value.End;
                Assert.Equal(scanner.Match(text, at, new FailureMemory(0, text.Length))!.Value.End, end);
                at = end;
            }
        }
    }

    [Fact]
    public void WhatNoRuleKnowsIsNoMatch() => Assert.Null(new Scanner([new("a")]).Match("b", 0, new FailureMemory(0, 1)));
}
