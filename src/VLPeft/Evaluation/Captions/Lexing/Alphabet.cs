namespace VLPeft.Evaluation.Captions.Lexing;

/// <summary>The code units in classes that no set of an automaton tells apart, so that a transition table needs a column per class.</summary>
internal sealed class Alphabet
{
    private readonly ushort[] _classOf = new ushort[char.MaxValue + 1];
    private readonly Dictionary<CharSet, bool[]> _contains = [];

    public Alphabet(IEnumerable<CharSet> sets)
    {
        CharSet[] all = [.. sets.Distinct()];
        Count = 1;
        foreach (CharSet set in all)
            Split(set);
        var representative = new char[Count];
        for (int c = 0; c <= char.MaxValue; c++)
            representative[_classOf[c]] = (char)c;
        foreach (CharSet set in all)
            _contains.Add(set, [.. representative.Select(set.Contains)]);
    }

    public int Count { get; private set; }

    public ReadOnlySpan<ushort> ClassOf => _classOf;

    public bool Contains(CharSet set, int charClass) => _contains[set][charClass];

    private void Split(CharSet set)
    {
        // The new number of the part of each class that lies in the set.
        var inside = new int[Count];
        int[] sizes = new int[Count], common = new int[Count];
        for (int c = 0; c <= char.MaxValue; c++)
        {
            sizes[_classOf[c]]++;
            if (set.Contains((char)c))
                common[_classOf[c]]++;
        }
        for (int i = 0; i < inside.Length; i++)
            inside[i] = common[i] == 0 || common[i] == sizes[i] ? i : Count++;
        for (int c = 0; c <= char.MaxValue; c++)
        {
            if (set.Contains((char)c))
                _classOf[c] = (ushort)inside[_classOf[c]];
        }
    }
}
