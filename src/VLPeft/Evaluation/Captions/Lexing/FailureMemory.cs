namespace VLPeft.Evaluation.Captions.Lexing;

/// <summary>Which states of a lexer lead to no match from which positions of one text.</summary>
/// <param name="start">The first position of the text.</param>
/// <param name="length">Its length; positions behind it are not remembered.</param>
internal sealed class FailureMemory(int start, int length)
{
    private readonly Dictionary<int, ulong[]> _positions = [];

    public void Add(Dfa.State state, int position)
    {
        int at = position - start;
        if (at > length)
            return;
        if (!_positions.TryGetValue(state.Id, out ulong[]? bits))
            _positions.Add(state.Id, bits = new ulong[(length >> 6) + 1]);
        bits[at >> 6] |= 1UL << (at & 63);
    }

    public bool Contains(Dfa.State state, int position)
    {
        int at = position - start;
        return at <= length && _positions.TryGetValue(state.Id, out ulong[]? bits) && (bits[at >> 6] >> (at & 63) & 1) != 0;
    }
}
