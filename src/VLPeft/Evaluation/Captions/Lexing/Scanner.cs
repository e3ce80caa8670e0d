namespace VLPeft.Evaluation.Captions.Lexing;

/// <summary>
/// Finds the longest match of a lexer's rules in time linear in the text. Where a long stretch was read in vain, it is remembered
/// which states lead nowhere from where (Reps, "Maximal-munch tokenization in linear time", TOPLAS 20, 1998), so that no text makes it quadratic.
/// </summary>
internal sealed class Scanner(IReadOnlyList<LexerRule> rules)
{
    // So much may be read in vain again and again before remembering begins, which costs more than it saves on ordinary text.
    private const int Patience = 64;

    private readonly Dfa _all = new([.. rules.Select(rule => rule.Context is null ? rule.Token : rule.Token + rule.Context)]);
    private readonly (Dfa Token, Dfa Context)?[] _parts =
        [.. rules.Select(rule => rule.Context is null ? ((Dfa, Dfa)?)null : (new Dfa(rule.Token), new Dfa(rule.Context)))];

    /// <summary>The rule that matches at a position and where its token ends; null where none does.</summary>
    public (LexerRule Rule, int End)? Match(ReadOnlySpan<char> text, int start, FailureMemory failures)
    {
        Dfa.State state = _all.Start;
        int rule = -1, end = start, position = start;
        Dfa.State? tired = null;
        while (position < text.Length)
        {
            state = _all.Step(state, text[position++]);
            if (state == _all.Dead)
                break;
            if (state.Accepts >= 0)
            {
                (rule, end) = (state.Accepts, position);
                tired = null;
            }
            else if (position - end == Patience)
            {
                tired = state;
            }
            else if (position - end > Patience && failures.Contains(state, position))
            {
                break;
            }
        }
        if (tired is not null)
            Remember(text[..position], end + Patience, tired, failures);
        return rule < 0 ? null : (rules[rule], TokenEnd(text, start, end, rule));
    }

    private void Remember(ReadOnlySpan<char> text, int position, Dfa.State state, FailureMemory failures)
    {
        while (position < text.Length)
        {
            state = _all.Step(state, text[position++]);
            if (state == _all.Dead)
                break;
            failures.Add(state, position);
        }
    }

    /// <summary>With a context the longest token behind which the context fills the rest of the match.</summary>
    private int TokenEnd(ReadOnlySpan<char> text, int start, int end, int rule)
    {
        if (_parts[rule] is not var (token, context))
            return end;
        List<int> ends = [];
        Dfa.State state = token.Start;
        for (int i = start; i < end && state != token.Dead; i++)
        {
            state = token.Step(state, text[i]);
            if (state.Accepts >= 0)
                ends.Add(i + 1);
        }
        for (int i = ends.Count - 1; i > 0; i--)
        {
            if (Fills(context, text[ends[i]..end]))
                return ends[i];
        }
        return ends[0];
    }

    private static bool Fills(Dfa dfa, ReadOnlySpan<char> text)
    {
        Dfa.State state = dfa.Start;
        foreach (char c in text)
        {
            state = dfa.Step(state, c);
            if (state == dfa.Dead)
                return false;
        }
        return state.Accepts >= 0;
    }
}
