using System.Text;
using System.Text.RegularExpressions;

namespace VLPeft.Evaluation.Captions.Meteors;

/// <summary>
/// METEOR's normalizer for English, which separates punctuation. Each step is one pass from left to right without overlaps, so of
/// neighbouring places every other one may be left.
/// </summary>
/// <param name="prefixes">Abbreviations that keep their full stop.</param>
/// <param name="numericPrefixes">Those that keep it before a number alone.</param>
internal sealed partial class MeteorNormalizer(IReadOnlySet<string> prefixes, IReadOnlySet<string> numericPrefixes)
{
    /// <summary>Letters; Greek and CJK are none here.</summary>
    private const string A = @"A-Za-z\u00C0-\u00D6\u00D8-\u00F6\u00F8-\u017E\u0400-\u0527\uA640-\uA66E\uA67E-\uA697\u1D00-\u1D7F";
    private const string D = "0-9";

    public string Normalize(string line)
    {
        string text = $" {line} ";
        text = Mark().Replace(text, " $0 ");
        text = Dots().Replace(text, " $0 ");
        text = CommaNeither().Replace(text, "$1 , $2");
        text = CommaAfterDigit().Replace(text, "$1 , $2");
        text = CommaBeforeDigit().Replace(text, "$1 , $2");
        text = Quotes().Replace(text, "'");
        text = DoubleQuotes().Replace(text, " \" ");
        text = text.Replace('–', '-').Replace("--", "-", StringComparison.Ordinal);
        text = Hyphen().Replace(text, "$1 $2");
        text = ApostropheNeither().Replace(text, "$1 ' $2");
        text = ApostropheBefore().Replace(text, "$1 ' $2");
        text = ApostropheAfter().Replace(text, "$1 ' $2");
        text = ApostropheBetween().Replace(text, "$1 '$2");
        text = ApostropheYears().Replace(text, "$1 '$2");
        return Spaces().Replace(FullStops(text), " ").Trim(' ');
    }

    private string FullStops(string text)
    {
        string[] words = text.Split([' ', '\t', '\n', '\v', '\f', '\r'], StringSplitOptions.RemoveEmptyEntries);
        var result = new StringBuilder(text.Length);
        for (int i = 0; i < words.Length; i++)
            result.Append(FullStop(words[i], i + 1 < words.Length ? words[i + 1] : "")).Append(' ');
        return result.ToString();
    }

    private string FullStop(string word, string next)
    {
        if (word.Length < 2 || word[^1] != '.' || !word.AsSpan().ContainsAnyExcept('.'))
            return word;
        string before = word[..^1];
        if (before.Contains('.') && Letter().IsMatch(before))
            return word.Replace(".", "", StringComparison.Ordinal);
        bool keeps = prefixes.Contains(before)
            || (next.Length > 0 && char.IsAsciiLetterLower(next[0]))
            || (numericPrefixes.Contains(before) && next.Length > 0 && char.IsAsciiDigit(next[0]));
        return keeps ? word : $"{before} .";
    }

    [GeneratedRegex($@"[\uD800-\uDBFF][\uDC00-\uDFFF]|[^{A}{D} \t\n\v\f\r.'`,\-‘’]")]
    private static partial Regex Mark();

    [GeneratedRegex(@"\.\.+")]
    private static partial Regex Dots();

    [GeneratedRegex($"([^{D}]),([^{D}])")]
    private static partial Regex CommaNeither();

    [GeneratedRegex($"([{D}]),([^{D}])")]
    private static partial Regex CommaAfterDigit();

    [GeneratedRegex($"([^{D}]),([{D}])")]
    private static partial Regex CommaBeforeDigit();

    [GeneratedRegex("[`‘’]")]
    private static partial Regex Quotes();

    [GeneratedRegex("[“”]|''")]
    private static partial Regex DoubleQuotes();

    [GeneratedRegex($"([{A}{D}.])-([{A}{D}])")]
    private static partial Regex Hyphen();

    [GeneratedRegex($"([^{A}])'([^{A}])")]
    private static partial Regex ApostropheNeither();

    [GeneratedRegex($"([^{A}{D}])'([{A}])")]
    private static partial Regex ApostropheBefore();

    [GeneratedRegex($"([{A}])'([^{A}])")]
    private static partial Regex ApostropheAfter();

    [GeneratedRegex($"([{A}])'([{A}])")]
    private static partial Regex ApostropheBetween();

    [GeneratedRegex($"([{D}])'(s)")]
    private static partial Regex ApostropheYears();

    [GeneratedRegex($"[{A}]")]
    private static partial Regex Letter();

    [GeneratedRegex(@"[ \u00A0\u2000-\u200A\u202F\u205F\u3000]+")]
    private static partial Regex Spaces();
}
