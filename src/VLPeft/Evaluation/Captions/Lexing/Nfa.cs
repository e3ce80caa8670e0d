namespace VLPeft.Evaluation.Captions.Lexing;

/// <summary>
/// Thompson's automaton of several patterns (Communications of the ACM 11, 1968). A state either reads one character of a set and goes on,
/// or goes on without reading; each pattern has one accepting state.
/// </summary>
internal sealed class Nfa
{
    /// <summary>A state's steps: one over a set, or up to two over nothing. Missing ones are -1.</summary>
    public readonly record struct State(CharSet? Set, int Next, int Other);

    private readonly List<State> _states = [];

    /// <param name="patterns">In the order of their priority.</param>
    public Nfa(IReadOnlyList<Pattern> patterns)
    {
        Starts = new int[patterns.Count];
        AcceptedPattern = [];
        for (int i = 0; i < Starts.Length; i++)
        {
            int accept = Add(default, -1, -1);
            AcceptedPattern.Add(accept, i);
            Starts[i] = Build(patterns[i], accept);
        }
    }

    /// <summary>Where each pattern begins.</summary>
    public int[] Starts { get; }

    /// <summary>The pattern an accepting state stands for.</summary>
    public Dictionary<int, int> AcceptedPattern { get; }

    public IReadOnlyList<State> States => _states;

    /// <summary>The first state of a pattern that ends in a given one.</summary>
    private int Build(Pattern pattern, int end) => pattern switch
    {
        CharSet set => Add(set, end, -1),
        SequencePattern sequence => Build(sequence.First, Build(sequence.Second, end)),
        ChoicePattern choice => choice.Choices.Select(one => Build(one, end)).Aggregate((one, other) => Add(null, one, other)),
        RepeatPattern repeat => Repeat(repeat, end),
        _ => throw new ArgumentException($"an unknown pattern: {pattern}"),
    };

    private int Repeat(RepeatPattern repeat, int end)
    {
        int start = end;
        if (repeat.Most is int most)
        {
            for (int i = repeat.Least; i < most; i++)
                start = Add(null, Build(repeat.Body, start), end);
        }
        else
        {
            start = Add(null, -1, end);
            _states[start] = new State(null, Build(repeat.Body, start), end);
        }
        for (int i = 0; i < repeat.Least; i++)
            start = Build(repeat.Body, start);
        return start;
    }

    private int Add(CharSet? set, int next, int other)
    {
        _states.Add(new State(set, next, other));
        return _states.Count - 1;
    }
}
