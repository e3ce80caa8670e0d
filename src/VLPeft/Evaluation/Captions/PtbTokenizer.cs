using System.Collections.Frozen;
using System.Text;
using VLPeft.Evaluation.Captions.Ptb;

namespace VLPeft.Evaluation.Captions;

/// <summary>
/// The tokenizer of the official COCO caption evaluation: Stanford CoreNLP 3.4.1's Penn Treebank tokenizer with lower-casing, then its
/// filter of punctuation. The filter comes after lower-casing, so -lrb- and the other brackets stay; only whole tokens are dropped, so
/// !! stays too.
/// </summary>
public static class PtbTokenizer
{
    private static readonly FrozenSet<string> Punctuation = FrozenSet.ToFrozenSet(
        ["''", "'", "``", "`", "-LRB-", "-RRB-", "-LCB-", "-RCB-", ".", "?", "!", ",", ":", "-", "--", "...", ";"], StringComparer.Ordinal);

    /// <summary>The tokens of one caption, joined by single spaces, as one that others follow.</summary>
    public static string Tokenize(string caption) => Tokenize([caption, ""])[0];

    /// <summary>
    /// The tokens of captions, each joined by single spaces. As in the official evaluation the captions are the lines of one text, and the
    /// start of the next one may decide whether the last full stop belongs to an abbreviation (No. before a number). The last one ends the text.
    /// </summary>
    /// <param name="captions">Raw captions. A line separator within one counts as a space.</param>
    public static IReadOnlyList<string> Tokenize(IReadOnlyList<string> captions) => Tokenize(captions, filter: true);

    /// <summary>The same before punctuation is dropped.</summary>
    internal static IReadOnlyList<string> Unfiltered(IReadOnlyList<string> captions) => Tokenize(captions, filter: false);

    private static string[] Tokenize(IReadOnlyList<string> captions, bool filter)
    {
        var starts = new int[captions.Count + 1];
        for (int i = 0; i < captions.Count; i++)
            starts[i + 1] = checked(starts[i] + captions[i].Length + 1);
        char[] text = new char[starts[^1]];
        for (int i = 0; i < captions.Count; i++)
            CopyLine(captions[i], text.AsSpan(starts[i]));
        int length = Math.Max(0, text.Length - 1); // no newline at the very end
        var lines = new string[captions.Count];
        Parallel.For(0, lines.Length, i => lines[i] = Line(text.AsSpan(0, length), starts[i], starts[i + 1] - 1, filter));
        return lines;
    }

    private static void CopyLine(string caption, Span<char> line)
    {
        caption.CopyTo(line);
        line[..caption.Length].ReplaceAny(Separators, ' ');
        line[caption.Length] = '\n';
    }

    private static readonly System.Buffers.SearchValues<char> Separators = System.Buffers.SearchValues.Create("\r\n\v\f\u2028\u2029");

    private static string Line(ReadOnlySpan<char> text, int start, int end, bool filter)
    {
        var line = new StringBuilder(end - start);
        PtbLexer.Tokenize(text, start, end, token =>
        {
            string lower = PtbText.Lower(token);
            if (filter && Punctuation.Contains(lower))
                return;
            if (line.Length > 0)
                line.Append(' ');
            line.Append(lower);
        });
        return line.ToString();
    }
}
