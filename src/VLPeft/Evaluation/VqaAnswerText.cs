using System.Buffers;
using System.Text;

namespace VLPeft.Evaluation;

/// <summary>An answer at each stage of the official VQA evaluator's processing.</summary>
/// <param name="Stripped">Newlines and tabs turned into spaces, white space at the ends gone.</param>
/// <param name="AfterPunctuation">Punctuation deleted or turned into spaces.</param>
/// <param name="Processed">Lower case, digits for number words, no articles, contractions with their apostrophes.</param>
public sealed record NormalisedAnswer(string Stripped, string AfterPunctuation, string Processed);

/// <summary>
/// The text processing of the official VQA evaluator (GT-Vision-Lab/VQA, run by Python 2), quirks included; written from its behaviour.
/// </summary>
public static class VqaAnswerText
{
    private const string Marks = ";/[]\"{}()=+\\_-><@`,?!";

    // The evaluator passes the regular expression flag UNICODE, which is 32, where the count of replacements stands.
    private const int MostPeriods = 32;

    private static readonly SearchValues<char> Punctuated = SearchValues.Create(Marks + ".");

    /// <summary>All stages of an answer.</summary>
    public static NormalisedAnswer Normalise(string answer)
    {
        string stripped = Strip(answer);
        string punctuation = Punctuation(stripped);
        return new NormalisedAnswer(stripped, punctuation, DigitsAndArticles(punctuation));
    }

    /// <summary>Newlines and tabs become spaces; white space at the ends goes.</summary>
    public static string Strip(string answer) => Strip(answer, Python.Two);

    /// <summary>
    /// Each mark of ; / [ ] " { } ( ) = + \ _ - &gt; &lt; @ ` , ? ! is deleted everywhere when it stands next to a space somewhere in the
    /// answer, or when a comma between two digits stands anywhere in it; otherwise it becomes a space. Then the first 32 periods with no
    /// digit behind them go.
    /// </summary>
    public static string Punctuation(string answer) => Punctuation(answer, Python.Two);

    /// <summary>
    /// Lower case; none and zero … ten as digits; a, an, the dropped; contractions without apostrophe get theirs; one space between words.
    /// May be empty.
    /// </summary>
    public static string DigitsAndArticles(string answer) => DigitsAndArticles(answer, Python.Two);

    internal static string Strip(string answer, Python python) => PythonText.Strip(answer.Replace('\n', ' ').Replace('\t', ' '), python);

    internal static string Punctuation(string answer, Python python)
    {
        if (!answer.AsSpan().ContainsAny(Punctuated))
            return answer;
        bool deleteAll = HasCommaInNumber(answer, python);
        var text = new StringBuilder(answer.Length);
        foreach (char c in answer)
        {
            if (!Marks.Contains(c))
                text.Append(c);
            else if (!deleteAll && !IsBesideSpace(answer, c))
                text.Append(' ');
        }
        return WithoutPeriods(text.ToString(), python);
    }

    internal static string DigitsAndArticles(string answer, Python python)
    {
        var text = new StringBuilder(answer.Length);
        ReadOnlySpan<char> lower = PythonText.Lower(answer, python);
        foreach (Range range in lower.SplitAny(PythonText.White(python)))
        {
            string word = Digit(lower[range].ToString());
            if (word is "" or "a" or "an" or "the")
                continue;
            if (text.Length > 0)
                text.Append(' ');
            text.Append(VqaContractions.Restore(word));
        }
        return text.ToString();
    }

    private static bool HasCommaInNumber(ReadOnlySpan<char> text, Python python)
    {
        for (int i = 1; i < text.Length - 1; i++)
        {
            if (text[i] == ',' && PythonText.EndsWithDigit(text[..i], python) && PythonText.StartsWithDigit(text[(i + 1)..], python))
                return true;
        }
        return false;
    }

    private static bool IsBesideSpace(ReadOnlySpan<char> text, char mark) => text.Contains([mark, ' '], StringComparison.Ordinal)
        || text.Contains([' ', mark], StringComparison.Ordinal);

    private static string WithoutPeriods(string text, Python python)
    {
        if (!text.Contains('.'))
            return text;
        var kept = new StringBuilder(text.Length);
        int dropped = 0;
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] == '.' && dropped < MostPeriods && !PythonText.StartsWithDigit(text.AsSpan(i + 1), python))
                dropped++;
            else
                kept.Append(text[i]);
        }
        return kept.ToString();
    }

    private static string Digit(string word) => word switch
    {
        "none" or "zero" => "0",
        "one" => "1",
        "two" => "2",
        "three" => "3",
        "four" => "4",
        "five" => "5",
        "six" => "6",
        "seven" => "7",
        "eight" => "8",
        "nine" => "9",
        "ten" => "10",
        _ => word,
    };
}
