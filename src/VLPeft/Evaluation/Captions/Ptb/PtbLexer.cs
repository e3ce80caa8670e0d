using VLPeft.Evaluation.Captions.Lexing;

namespace VLPeft.Evaluation.Captions.Ptb;

/// <summary>Cuts text into tokens by <see cref="PtbGrammar"/>, in time linear in the text. Any number of threads may use it.</summary>
internal static class PtbLexer
{
    private static readonly Scanner Scanner = new(PtbGrammar.Rules);

    /// <summary>The tokens of one line, in the treebank's spelling but their own case.</summary>
    /// <param name="text">All lines: what stands behind the line decides on its last full stop.</param>
    /// <param name="start">Where the line starts.</param>
    /// <param name="end">Where it ends, its newline left out.</param>
    /// <param name="take">Gets the tokens.</param>
    public static void Tokenize(ReadOnlySpan<char> text, int start, int end, Action<string> take)
    {
        var failures = new FailureMemory(start, end - start);
        int position = start;
        while (position < end)
        {
            if (Scanner.Match(text, position, failures) is not var (rule, tokenEnd))
            {
                position++; // a character the lexer does not know
                continue;
            }
            if (!rule.Skips)
            {
                string token = text[position..(rule.Repeats ? tokenEnd : tokenEnd - rule.GiveBack)].ToString();
                take(rule.Write is null ? token : rule.Write(token));
            }
            position = tokenEnd - rule.GiveBack;
        }
    }
}
