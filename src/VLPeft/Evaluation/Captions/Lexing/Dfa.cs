using System.Runtime.InteropServices;

namespace VLPeft.Evaluation.Captions.Lexing;

/// <summary>
/// The deterministic automaton of several patterns. States are made when a text first needs them; any number of threads may use it.
/// </summary>
internal sealed class Dfa
{
    /// <summary>A set of the other automaton's states.</summary>
    internal sealed class State(int id, int[] members, int accepts, int classes)
    {
        public int Id => id;

        public int[] Members => members;

        /// <summary>The first pattern that matches what led here, or -1.</summary>
        public int Accepts => accepts;

        /// <summary>The state behind each class of characters; null where it is not known yet.</summary>
        public State?[] Next { get; } = new State?[classes];
    }

    private readonly Nfa _nfa;
    private readonly Alphabet _alphabet;
    private readonly Lock _lock = new();
    private readonly Dictionary<int[], State> _states = new(new MembersComparer());

    public Dfa(params IReadOnlyList<Pattern> patterns)
    {
        _nfa = new Nfa(patterns);
        _alphabet = new Alphabet(_nfa.States.Select(state => state.Set).OfType<CharSet>());
        Dead = Intern([]);
        Start = Intern(_nfa.Starts);
    }

    public State Start { get; }

    /// <summary>From here nothing matches.</summary>
    public State Dead { get; }

    public State Step(State state, char c)
    {
        int charClass = _alphabet.ClassOf[c];
        return state.Next[charClass] ?? Make(state, charClass);
    }

    private State Make(State state, int charClass)
    {
        lock (_lock)
        {
            int[] reached = [.. state.Members
                .Select(member => _nfa.States[member])
                .Where(member => member.Set is not null && _alphabet.Contains(member.Set, charClass))
                .Select(member => member.Next)];
            return state.Next[charClass] = Intern(reached);
        }
    }

    private State Intern(IEnumerable<int> reached)
    {
        int[] members = Closure(reached);
        if (!_states.TryGetValue(members, out State? state))
        {
            int accepts = members.Min(member => _nfa.AcceptedPattern.TryGetValue(member, out int pattern) ? pattern : (int?)null) ?? -1;
            _states.Add(members, state = new State(_states.Count, members, accepts, _alphabet.Count));
        }
        return state;
    }

    private int[] Closure(IEnumerable<int> reached)
    {
        HashSet<int> seen = [];
        Stack<int> open = new(reached);
        while (open.TryPop(out int one))
        {
            if (!seen.Add(one) || _nfa.States[one].Set is not null)
                continue;
            if (_nfa.States[one].Next >= 0)
                open.Push(_nfa.States[one].Next);
            if (_nfa.States[one].Other >= 0)
                open.Push(_nfa.States[one].Other);
        }
        return [.. seen.Where(one => _nfa.States[one].Set is not null || _nfa.AcceptedPattern.ContainsKey(one)).Order()];
    }

    private sealed class MembersComparer : IEqualityComparer<int[]>
    {
        public bool Equals(int[]? one, int[]? other) => one.AsSpan().SequenceEqual(other);

        public int GetHashCode(int[] members)
        {
            var hash = new HashCode();
            hash.AddBytes(MemoryMarshal.AsBytes<int>(members));
            return hash.ToHashCode();
        }
    }
}
